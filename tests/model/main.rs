//! A model of the order of a remediation, all of whose states are visited: two workers, messages that come twice,
//! crashes between any two effects, and people who change the resource meanwhile.
//!
//! The steps are those of `drive.rs`. Each law is also broken on purpose, to see that the model notices.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use stateright::{Checker, Model, Property};

/// So many attempts may be begun.
const BUDGET: usize = 2;

/// What a resource is like. People break it, and mend it in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum World {
    Broken,
    BrokenOtherwise,
    Mended,
    /// As the plan has it.
    Whole,
}

impl World {
    fn violates(self) -> bool {
        matches!(self, World::Broken | World::BrokenOtherwise)
    }
}

/// How a protocol may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// A message is let go when it is taken.
    LetGoFirst,
    /// The intent is written after the change.
    IntentLast,
    /// The state is not read again before the write.
    NoSecondRead,
    /// Attempts are counted in the worker's memory.
    Forgetful,
}

#[derive(Clone, Copy, Debug)]
struct Protocol {
    flaw: Flaw,
    /// AWS's call fails if the state is not the one that was read. It does not.
    compares: bool,
}

/// Where a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Idle,
    Begin,
    Claim { before: World, seen: usize },
    SecondRead { attempt: usize, fresh: bool },
    Write { attempt: usize, before: World },
    ThirdRead { attempt: usize },
    Outcome { attempt: usize, again: bool },
    LetGo,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    world: World,
    /// Messages that wait.
    queue: u8,
    workers: [At; 2],
    /// The ledger: what each attempt found, and whether it has ended.
    intents: Vec<(World, bool)>,
    /// What each worker has counted, where it forgets.
    counted: [usize; 2],
    reported: bool,
    people: u8,
    crashes: u8,
    copies: u8,
    /// Laws that were broken.
    broken: Vec<Law>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Law {
    /// Nothing is written without a durable before-image.
    BeforeImage,
    /// Nothing is written over what was not read.
    Overwritten,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Move {
    Deliver(usize),
    Copy(usize),
    Step(usize),
    Crash(usize),
    Person(World),
}

impl Protocol {
    /// From a message to what is to be done.
    fn begin(self, state: &mut State, worker: usize) -> At {
        if let Some(open) = state.intents.iter().position(|(_, ended)| !ended) {
            return At::SecondRead { attempt: open, fresh: false };
        }
        if !state.world.violates() {
            return At::LetGo;
        }
        let count =
            if self.flaw == Flaw::Forgetful { state.counted[worker] } else { state.intents.len() };
        if count >= BUDGET {
            state.reported = true;
            return At::LetGo;
        }
        At::Claim { before: state.world, seen: state.intents.len() }
    }

    fn step(self, state: &mut State, worker: usize) {
        let next = match state.workers[worker] {
            At::Idle | At::LetGo => At::Idle,
            At::Begin => self.begin(state, worker),
            // A number that was taken meanwhile: the message comes again.
            At::Claim { seen, .. } if seen != state.intents.len() => give_back(state),
            At::Claim { before, .. } => {
                state.counted[worker] += 1;
                let attempt = state.intents.len();
                if self.flaw == Flaw::IntentLast {
                    At::Write { attempt, before }
                } else {
                    state.intents.push((before, false));
                    At::SecondRead { attempt, fresh: true }
                }
            }
            At::SecondRead { attempt, fresh } => {
                let (before, _) = state.intents[attempt];
                if state.world == before || self.flaw == Flaw::NoSecondRead {
                    At::Write { attempt, before }
                } else {
                    At::Outcome { attempt, again: fresh || state.world.violates() }
                }
            }
            At::Write { attempt, before } => self.write(state, attempt, before),
            At::ThirdRead { attempt } if state.world == state.intents[attempt].0 => {
                give_back(state)
            }
            At::ThirdRead { attempt } => At::Outcome { attempt, again: false },
            At::Outcome { attempt, again } => {
                state.intents[attempt].1 = true;
                if again { At::Begin } else { At::LetGo }
            }
        };
        state.workers[worker] = next;
    }

    fn write(self, state: &mut State, attempt: usize, before: World) -> At {
        if attempt >= state.intents.len() {
            state.broken.push(Law::BeforeImage);
            state.intents.push((before, false));
        }
        if self.compares && state.world != before {
            return At::ThirdRead { attempt };
        }
        // Another worker has done the same attempt: the same once more is harmless.
        if state.world != before && state.world != World::Whole {
            state.broken.push(Law::Overwritten);
        }
        state.world = World::Whole;
        At::ThirdRead { attempt }
    }
}

/// The message comes again.
fn give_back(state: &mut State) -> At {
    state.queue += 1;
    At::Idle
}

impl Model for Protocol {
    type State = State;
    type Action = Move;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            world: World::Broken,
            queue: 1,
            workers: [At::Idle; 2],
            intents: Vec::new(),
            counted: [0; 2],
            reported: false,
            people: 2,
            crashes: 2,
            copies: 1,
            broken: Vec::new(),
        }]
    }

    fn actions(&self, state: &State, moves: &mut Vec<Move>) {
        for worker in 0..2 {
            if state.workers[worker] != At::Idle {
                moves.push(Move::Step(worker));
                if state.crashes > 0 {
                    moves.push(Move::Crash(worker));
                }
            } else if state.queue > 0 {
                moves.push(Move::Deliver(worker));
                if state.copies > 0 {
                    moves.push(Move::Copy(worker));
                }
            }
        }
        if state.people > 0 {
            let all = [World::Broken, World::BrokenOtherwise, World::Mended];
            moves.extend(all.into_iter().filter(|world| *world != state.world).map(Move::Person));
        }
    }

    fn next_state(&self, last: &State, action: Move) -> Option<State> {
        let mut state = last.clone();
        match action {
            Move::Deliver(worker) => {
                state.queue -= 1;
                state.workers[worker] = At::Begin;
            }
            Move::Copy(worker) => {
                state.copies -= 1;
                state.workers[worker] = At::Begin;
            }
            Move::Step(worker) => self.step(&mut state, worker),
            Move::Crash(worker) => {
                state.crashes -= 1;
                state.workers[worker] = At::Idle;
                state.counted[worker] = 0;
                if self.flaw != Flaw::LetGoFirst {
                    state.queue += 1;
                }
            }
            // What a person breaks is an event of its own.
            Move::Person(world) => {
                state.people -= 1;
                state.world = world;
                state.queue += u8::from(world.violates());
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Protocol>> {
        vec![
            Property::always("attempts are bounded", |_, state: &State| {
                state.intents.len() <= BUDGET
            }),
            Property::always("a before-image is durable before a write", |_, state: &State| {
                !state.broken.contains(&Law::BeforeImage)
            }),
            Property::always("nothing is written over what was not read", |_, state: &State| {
                !state.broken.contains(&Law::Overwritten)
            }),
            Property::always("at rest it is mended, or reported", |_, state: &State| {
                let rests = state.queue == 0 && state.workers == [At::Idle; 2];
                !rests || !state.world.violates() || state.reported
            }),
            Property::sometimes("it is restored after a crash", |_, state: &State| {
                state.crashes < 2 && state.world == World::Whole
            }),
        ]
    }
}

/// The laws that a protocol breaks.
fn broken(flaw: Flaw, compares: bool) -> Vec<&'static str> {
    let checker = Protocol { flaw, compares }.checker().threads(2).spawn_bfs().join();
    assert!(checker.unique_state_count() > 1000, "{}", checker.unique_state_count());
    let found = checker.discoveries();
    let mut broken: Vec<&str> =
        found.keys().copied().filter(|name| *name != "it is restored after a crash").collect();
    assert!(found.contains_key("it is restored after a crash"), "it never gets that far");
    broken.sort_unstable();
    broken
}

const OVERWRITTEN: &str = "nothing is written over what was not read";

#[test]
fn with_calls_that_compare_every_law_holds() {
    assert_eq!(broken(Flaw::None, true), [""; 0]);
}

/// The one thing that is not promised, because AWS's calls compare nothing.
#[test]
fn with_aws_only_what_comes_between_read_and_write_is_overwritten() {
    assert_eq!(broken(Flaw::None, false), [OVERWRITTEN]);
}

#[test]
fn each_way_to_be_wrong_is_noticed() {
    for (flaw, law) in [
        (Flaw::LetGoFirst, "at rest it is mended, or reported"),
        (Flaw::IntentLast, "a before-image is durable before a write"),
        (Flaw::NoSecondRead, OVERWRITTEN),
        (Flaw::Forgetful, "attempts are bounded"),
    ] {
        let laws = broken(flaw, flaw != Flaw::NoSecondRead);
        assert!(laws.contains(&law), "{flaw:?}: {laws:?}");
    }
}
