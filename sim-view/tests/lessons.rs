//! Every lesson is proved, and its two languages say the same.

use sim_view::frame::lesson::Both;
use sim_view::lesson::{Lesson, blocks, prove};
use std::collections::BTreeSet;
use std::path::Path;

fn lessons() -> Vec<Lesson> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/lessons");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the lessons are there").map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file).expect("a lesson is text");
        Lesson::parse(&text, &file.file_name().unwrap_or_default().to_string_lossy()).unwrap_or_else(|error| panic!("{error}"))
    };
    files.iter().map(read).collect()
}

#[test]
fn every_lesson_is_proved() {
    let failed: Vec<String> = lessons()
        .iter()
        .filter_map(|lesson| {
            let proof = prove(lesson);
            (!proof.problems.is_empty()).then(|| format!("{}:\n  {}", lesson.file, proof.problems.join("\n  ")))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_lessons_are_numbered_and_cover_every_part() {
    let lessons = lessons();
    let numbers: Vec<u32> = lessons.iter().map(|lesson| lesson.order).collect();
    assert_eq!(numbers, (1..=u32::try_from(lessons.len()).expect("few")).collect::<Vec<_>>());
    let parts: BTreeSet<u32> = lessons.iter().map(|lesson| lesson.part).collect();
    assert_eq!(parts, (1..=9).collect());
    let names: BTreeSet<&str> = lessons.iter().map(|lesson| lesson.name.as_str()).collect();
    assert_eq!(names.len(), lessons.len(), "two lessons share a name, and links couldn't tell them apart");
}

/// What both languages must have in the same number: blocks of code (with the same contents), list items, paragraphs, questions.
fn shape(text: &str) -> (usize, usize, usize) {
    let mut is_code = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
            prose.push_str("\n\n");
        } else if !is_code {
            prose.push_str(&format!("{line}\n"));
        }
    }
    let items = prose.lines().filter(|line| line.starts_with("- ") || line.split_once(". ").is_some_and(|(n, _)| n.parse::<u32>().is_ok()));
    let paragraphs = prose.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty());
    (items.count(), paragraphs.count(), prose.matches(['?', '？']).count().min(1))
}

#[test]
fn both_languages_say_the_same() {
    for lesson in lessons() {
        let Both { en, zh } = &lesson.text;
        let file = &lesson.file;
        assert_eq!(blocks(en), blocks(zh), "{file}: the blocks of code differ");
        assert_eq!(shape(en), shape(zh), "{file}: list items, paragraphs and questions differ");
        let spoken = |text: &str| {
            let code: usize = blocks(text).iter().flat_map(|block| &block.lines).map(|line| line.split_whitespace().count()).sum();
            text.split_whitespace().count() - code
        };
        let (words, characters) = (spoken(en), zh.chars().filter(|c| matches!(c, '\u{4e00}'..='\u{9fff}')).count());
        assert!((80..=290).contains(&words), "{file}: {words} words");
        assert!((120..=600).contains(&characters), "{file}: {characters} Chinese characters");
        assert!(characters > words, "{file}: {words} words, but only {characters} Chinese characters");
        assert!(en.contains('?'), "{file}: the text asks nothing");
        for both in
            [&lesson.title, &lesson.summary, &lesson.text].into_iter().chain(&lesson.hints).chain(lesson.goals.iter().map(|g| &g.say))
        {
            assert_eq!(both.en.matches('`').count(), both.zh.matches('`').count(), "{file}: code differs in {both:?}");
            assert_eq!(both.en.matches("**").count(), both.zh.matches("**").count(), "{file}: emphasis differs in {both:?}");
        }
    }
}

/// The views by their names in both languages: a lesson sends its reader to some of them.
const VIEWS: [(&str, &str); 8] = [
    ("**Topology**", "**拓扑**"),
    ("**Control plane**", "**控制平面**"),
    ("**Ownership**", "**归属**"),
    ("**Timeline**", "**时间线**"),
    ("**Packet**", "**数据包**"),
    ("**YAML**", "**YAML**"),
    ("**Events**", "**事件**"),
    ("**Metrics**", "**指标**"),
];

#[test]
fn every_lesson_looks_at_a_view() {
    let mut shown = BTreeSet::new();
    for lesson in lessons() {
        let here: BTreeSet<&str> = VIEWS.iter().filter(|(en, _)| lesson.text.en.contains(en)).map(|(en, _)| *en).collect();
        let chinese: BTreeSet<&str> = VIEWS.iter().filter(|(_, zh)| lesson.text.zh.contains(zh)).map(|(en, _)| *en).collect();
        assert!(!here.is_empty(), "{}: no view is looked at", lesson.file);
        assert_eq!(here, chinese, "{}: the languages look at different views", lesson.file);
        shown.extend(here);
    }
    assert_eq!(shown.len(), VIEWS.len(), "some view isn't looked at in any lesson: {shown:?}");
}

#[test]
fn hints_goals_and_par_are_sane() {
    for lesson in lessons() {
        let file = &lesson.file;
        assert!((2..=3).contains(&lesson.hints.len()), "{file}: {} hints", lesson.hints.len());
        assert!((2..=5).contains(&lesson.goals.len()), "{file}: {} goals", lesson.goals.len());
        assert!(lesson.title.en.len() <= 60 && lesson.title.zh.chars().count() <= 30, "{file}: the title is long");
        assert!(lesson.frame().start.contains("cluster:"), "{file}: it starts from nothing");
    }
}
