fn main() {
    let path = std::env::args().nth(1).unwrap();
    let doc =
        evenkeel_iam::PolicyDocument::parse_text(&std::fs::read_to_string(path).unwrap()).unwrap();
    let s = evenkeel_iam::Surroundings::default();
    for a in evenkeel_iam::public_statements(&doc, &s) {
        println!("{} {}", a.statement, a.answer);
    }
    println!("steps {}", s.steps.used_steps());
}
