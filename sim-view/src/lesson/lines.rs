//! What kind of line a line is: one that acts counts for the score, one that watches needs a terminal of its own.

use sim_core::kubectl;
use sim_core::shell::Line;

/// What may change something, but mostly looks around, or changes nothing of the cluster.
const FREE: &[&str] = &["config", "exec"];

/// How many of a line's commands change something: those that a score counts. Two joined by `&&` are two; `exec` and `config` are free.
pub fn acts(line: &str) -> u32 {
    match Line::parse(line) {
        Ok(Line::Fault(_) | Line::Traffic(_)) => 1,
        Ok(Line::Kubectl(commands)) => {
            let is_free = |words: &[String]| words.iter().find(|word| *word != "kubectl").is_some_and(|verb| FREE.contains(&verb.as_str()));
            let acting = commands.iter().filter(|words| !kubectl::only_reads(words) && !is_free(words));
            u32::try_from(acting.count()).unwrap_or(u32::MAX)
        }
        Ok(Line::Nothing | Line::Time(_) | Line::Ask(_)) | Err(_) => 0,
    }
}

/// Whether a line only watches and never ends by itself: `get pods -w`, `logs -f web`.
pub fn watches(line: &str) -> bool {
    let Ok(commands) = kubectl::split_commands(line) else { return false };
    commands.iter().any(|words| {
        let mut flags = words.iter().map(String::as_str).take_while(|word| *word != "--");
        match words.iter().map(String::as_str).find(|word| *word != "kubectl") {
            Some("get" | "events") => flags.any(|word| matches!(word, "-w" | "--watch" | "--watch-only")),
            Some("logs") => flags.any(|word| matches!(word, "-f" | "--follow")),
            _ => false,
        }
    })
}

/// The stars for a solved lesson: three within par, two up to half more than that, else one.
///
/// Par 4: three for up to 4 acting lines, two for 5 or 6, one for more.
pub fn stars(par: u32, acted: u32) -> u32 {
    match acted {
        acted if acted <= par => 3,
        acted if acted <= par + par.div_ceil(2) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, acting: u32, watching: bool) {
        assert_eq!((acts(line), watches(line)), (acting, watching), "{line}");
    }

    #[test]
    fn lines_are_told_apart() {
        check("kubectl apply -f web.yaml", 1, false);
        check("set image deploy web nginx=nginx:1.17.2 && kubectl rollout pause deploy web", 2, false);
        check("rollout status deploy web", 0, false);
        check("kubectl get pods -n dev -w", 0, true);
        check("logs -f web", 0, true);
        check("events --watch", 0, true);
        check("fault", 0, false);
        check("fault kill node node-2", 1, false);
        check("traffic name: shop, to: svc/web:80", 1, false);
        check("exec deploy/web -- kill 1", 0, false);
        check("wait 10s", 0, false);
        check("why pod/web", 0, false);
        check("kubectl 'unclosed", 0, false);
    }

    #[test]
    fn fewer_lines_are_more_stars() {
        assert_eq!([0, 4, 5, 6, 7].map(|acted| stars(4, acted)), [3, 3, 2, 2, 1]);
        assert_eq!([1, 2, 3].map(|acted| stars(1, acted)), [3, 2, 1]);
    }
}
