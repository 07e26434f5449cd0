//! How the model agrees with recordings of a real control plane: what was reached once must stay.

use std::path::Path;

/// Recordings that must agree in every row.
const WHOLE: &[&str] = &[
    "cron_next",
    "deployment_fenceposts",
    "deployment_newrs_replicas",
    "deployment_rolling_step",
    "deployment_rs_proportion",
    "deployment_scale_proportional",
    "generate_name_lengths",
    "human_duration",
    "intstr_scaled",
    "label_selector",
    "label_selector_object",
    "pod_deletion_less",
    "pod_deletion_rank",
    "quantity",
    "quantity_arith",
    "safe_encode_string",
];

/// Recordings that agree in part, with the least number of rows that must. Some can't be reached: docs/FIDELITY.md says why.
const PART: &[(&str, usize)] = &[("pod_template_hash", 126)];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle"))
}

#[test]
fn vectors() {
    let scores = sim_oracle::run_vectors(folder());
    for name in WHOLE {
        let score = scores.iter().find(|score| score.name == *name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(score.total > 0 && score.passed == score.total, "{name} {}/{}: {:?}", score.passed, score.total, score.first_miss);
    }
    for (name, least) in PART {
        let score = scores.iter().find(|score| score.name == *name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(score.passed >= *least, "{name} {}/{}: {:?}", score.passed, score.total, score.first_miss);
    }
}

#[test]
fn api_and_kubectl() {
    for score in sim_oracle::run_api(folder()).into_iter().chain(sim_oracle::run_kubectl(folder())) {
        assert!(score.passed * 100 >= score.total * 85, "{} {}/{}: {:?}", score.name, score.passed, score.total, score.first_miss);
    }
}
