//! The suffix of `--append-hash`: the content of a ConfigMap or Secret in its name. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/util/hash/hash.go`, v1.36.

use crate::kernel::sha256::sha256;
use crate::kubectl::emit::compact_json;
use serde_json::Value;

/// Ten letters and digits that depend on the object's content. Digits and vowels that could spell something are replaced.
pub fn suffix(content: &Value) -> String {
    let digest = sha256(compact_json(content).as_bytes());
    let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let safe = |c: char| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        c => c,
    };
    hex.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_kubectl_appends() {
        // From the tables of pkg/util/hash/hash_test.go.
        assert_eq!(suffix(&json!({"kind": "ConfigMap", "name": "", "data": {}})), "42745tchd9");
        assert_eq!(suffix(&json!({"kind": "ConfigMap", "name": "", "data": {"one": ""}})), "9g67k2htb6");
    }
}
