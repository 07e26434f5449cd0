//! The vocabulary of the API: metadata, kinds, quantities, selectors; decoding, defaulting and patching of the external trees.

pub mod container;
pub mod cron;
pub mod decode;
pub mod defaults;
pub mod event;
pub mod human_duration;
pub mod intstr;
pub mod managed;
pub mod meta;
pub mod names;
pub mod node;
pub mod object;
pub mod patch;
pub mod pod;
pub mod quantity;
pub mod quote;
pub mod record;
pub mod resources;
pub mod schema;
pub mod selector;
pub mod service;
pub mod status;
pub mod taint;
pub mod template_hash;
pub mod workloads;
pub mod yaml;
mod yaml_words;
