//! Rules of netfilter: what they say, how they are written, and what they do with a packet.
