//! Tests repeated, reordered and interrupted deliveries: the final content of the ledger is always
//! the same.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use object_store::ObjectStoreExt;

use super::*;

/// A generator of pseudo-random numbers. The same seed always gives the same numbers.
struct DeliveryRandom(u64);

impl DeliveryRandom {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap().checked_rem(end).unwrap()
    }
}

/// A topic that rejects all notices if `refuses` is true. Otherwise, the topic counts the accepted
/// notices by the uid of the finding.
#[derive(Debug)]
struct UnreliableTopic<'t> {
    refuses: bool,
    taken: &'t Mutex<BTreeMap<String, u32>>,
}

impl UnreliableTopic<'_> {
    fn take(&self, uid: String) {
        let mut taken = self.taken.lock().unwrap();
        let count = taken.entry(uid).or_default();
        *count = count.saturating_add(1);
    }
}

impl NoticeAnnouncer for UnreliableTopic<'_> {
    async fn announce_notice(&self, notice: &Notice) -> Result<(), AnnounceError> {
        yield_once().await;
        if self.refuses {
            return Err(AnnounceError::Refused(CallError::Unanswered("throttled".to_owned())));
        }
        let uid = notice
            .attributes
            .iter()
            .find(|(name, _)| *name == "finding")
            .map(|(_, uid)| uid.clone());
        self.take(uid.unwrap_or_else(|| notice.message.clone()));
        yield_once().await;
        Ok(())
    }
}

/// A future that is pending at the first poll and ready at the second. The test can interrupt the
/// work between the two polls.
async fn yield_once() {
    let mut is_polled = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut is_polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Polls `work` until it is finished, but at most `steps` times. `None` means that the work was
/// interrupted.
fn poll_until<T>(work: impl Future<Output = T>, steps: usize) -> Option<T> {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    (0..steps).find_map(|_| match work.as_mut().poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    })
}

/// Delivers every event until its message is deleted. `seed` determines the order and the
/// interruptions. Returns the content of the ledger and the accepted notices.
fn deliver_events(seed: u64, events: u32) -> (BTreeMap<String, Vec<u8>>, BTreeMap<String, u32>) {
    let mut random = DeliveryRandom(seed);
    let store = Arc::new(InMemory::new());
    let ledger = Ledger::from_store(Arc::clone(&store) as Arc<dyn object_store::ObjectStore>);
    let taken = Mutex::new(BTreeMap::new());
    let bundle =
        PolicyBundle { version: "t".to_owned(), set: policies(), waivers: WaiverSet::default() };
    let bundle = Arc::new(bundle);
    // Each event is delivered once, and some events twice.
    let mut queue: Vec<u32> =
        (0..events).chain((0..events).filter(|number| number % 3 == 0)).collect();
    while !queue.is_empty() {
        let size = random.below(4).saturating_add(1).min(queue.len());
        let delivered: Vec<u32> =
            (0..size).map(|_| queue.swap_remove(random.below(queue.len()))).collect();
        let bodies: Vec<String> = delivered.iter().map(|number| event(*number)).collect();
        let payload = batch(&bodies.iter().map(String::as_str).collect::<Vec<_>>());
        let announcer = UnreliableTopic { refuses: random.below(4) == 0, taken: &taken };
        let recorder = FindingRecorder::new(ledger.clone(), announcer);
        let evaluator = PayloadEvaluator::new(Arc::clone(&bundle), recorder, OfflineContext);
        let steps = if random.below(3) == 0 { random.below(6) } else { usize::MAX };
        match poll_until(evaluator.handle_payload(payload.as_bytes(), &|_| {}), steps) {
            Some(handled) => {
                let answer = handled.answer.unwrap();
                let failed = answer["batchItemFailures"].as_array().unwrap();
                let failed: Vec<&str> = failed
                    .iter()
                    .filter_map(|failure| failure["itemIdentifier"].as_str())
                    .collect();
                let retried = delivered.iter().enumerate();
                let retried = retried.filter(|(at, _)| failed.contains(&format!("m{at}").as_str()));
                let retried: Vec<u32> = retried.map(|(_, number)| *number).collect();
                queue.extend(retried);
            }
            None => queue.extend(delivered),
        }
    }
    let contents = poll_until(contents(&store), usize::MAX).unwrap();
    (contents, taken.into_inner().unwrap())
}

async fn contents(store: &InMemory) -> BTreeMap<String, Vec<u8>> {
    let mut contents = BTreeMap::new();
    let mut listed = object_store::ObjectStore::list(store, None);
    while let Some(object) = listed.next().await {
        let path = object.unwrap().location;
        let bytes = store.get(&path).await.unwrap().bytes().await.unwrap();
        contents.insert(path.to_string(), bytes.to_vec());
    }
    contents
}

#[test]
fn the_final_ledger_is_always_the_same_and_each_finding_is_announced() {
    let (expected, _) = deliver_events(0, 12);
    assert_eq!(expected.len(), 24, "each event has a finding and a mark");
    for seed in 1..200 {
        let (contents, taken) = deliver_events(seed, 12);
        assert_eq!(contents, expected, "seed {seed}");
        assert_eq!(taken.len(), 12, "seed {seed}: {taken:?}");
    }
}
