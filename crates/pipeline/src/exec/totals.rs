//! The sum of a preview: trainings, time and memory.

use std::fmt;

use goldpan_report::duration;

use crate::exec::preview::{Preview, Status, Step};
use crate::exec::room::Room;
use crate::kind::StageKind;

/// What all steps of a preview come to.
#[derive(Debug, Default, PartialEq)]
struct Totals {
    cached: usize,
    run: usize,
    stopped: usize,
    trainings_cached: usize,
    trainings_run: usize,
    /// The kinds with a prediction, in the order of the pipeline, and their seconds.
    seconds: Vec<(StageKind, f64)>,
    /// Bytes of the training that holds the most.
    training: u64,
    /// Bytes of the other step that holds the most.
    other: u64,
    /// Steps that take their time, which nobody knows yet.
    unknown: usize,
}

impl Totals {
    fn of(steps: &[Step]) -> Self {
        let mut totals = Self::default();
        for step in steps {
            totals.add(step);
        }
        totals
    }

    fn add(&mut self, step: &Step) {
        let trains = usize::from(step.kind == StageKind::Train);
        match step.status {
            Status::Cached => {
                self.cached += 1;
                self.trainings_cached += trains;
                return;
            }
            Status::Stopped(_) => {
                self.stopped += 1;
                return;
            }
            _ => {
                self.run += 1;
                self.trainings_run += trains;
            }
        }
        if let Some(estimate) = step.estimate {
            let memory = match step.kind {
                StageKind::Train => &mut self.training,
                _ => &mut self.other,
            };
            *memory = (*memory).max(estimate.memory);
            match self.seconds.iter_mut().find(|(kind, _)| *kind == step.kind) {
                Some((_, seconds)) => *seconds += estimate.seconds,
                None => self.seconds.push((step.kind, estimate.seconds)),
            }
            self.seconds.sort_by_key(|(kind, _)| *kind);
        } else if let StageKind::Embed | StageKind::Train | StageKind::Predict | StageKind::Select =
            step.kind
        {
            self.unknown += 1;
        }
    }
}

impl Totals {
    /// How many trainings go on at once, at most: some may wait for others.
    fn at_once(&self, room: Room) -> usize {
        let bytes = (self.training > 0).then_some(self.training);
        room.trainings(bytes).min(self.trainings_run)
    }

    /// Bytes at once: trainings beside each other, which share the states that they keep, and another
    /// step beside them.
    fn memory(&self, room: Room, kept: u64) -> u64 {
        match self.at_once(room) {
            0 | 1 => self.training.max(self.other),
            trainings => {
                let own = self.training.saturating_sub(kept);
                trainings as u64 * own + kept + self.other.saturating_sub(kept)
            }
        }
    }
}

/// Whole MiB, rounded up.
pub(super) fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// The lines at the end of a preview.
pub(super) fn write(preview: &Preview, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let totals = Totals::of(&preview.steps);
    write!(f, "{} cached, {} to run", totals.cached, totals.run)?;
    if totals.stopped > 0 {
        write!(f, ", {} stopped", totals.stopped)?;
    }
    let (run, cached) = (totals.trainings_run, totals.trainings_cached);
    if run + cached > 0 {
        write!(f, "\ntrainings: {run} to do, {cached} cached")?;
        let at_once = totals.at_once(preview.room);
        if at_once > 1 {
            write!(f, "; at most {at_once} at once")?;
        }
        if preview.may_stop && run > 0 {
            f.write_str("; rules may stop arms before")?;
        }
    }
    let all: f64 = totals.seconds.iter().map(|(_, seconds)| seconds).sum();
    if !totals.seconds.is_empty() {
        let kinds = totals.seconds.iter();
        let kinds: Vec<String> = kinds
            .map(|(kind, time)| format!("{kind} {}", duration(*time)))
            .collect();
        let memory = mebibytes(totals.memory(preview.room, preview.kept));
        let all = duration(all);
        let kinds = kinds.join(", ");
        write!(
            f,
            "\npredicted: {all} ({kinds}), at most {memory} MiB at once"
        )?;
    }
    if totals.unknown > 0 {
        let unknown = totals.unknown;
        write!(
            f,
            "\nnot counted: {unknown} whose texts, vectors or models are not here yet"
        )?;
    }
    if !preview.sources.is_empty() {
        let sources: Vec<String> = preview.sources.iter().map(ToString::to_string).collect();
        write!(f, "\nby {}", sources.join(" and "))?;
        f.write_str("; the run tells how long it really takes")?;
    }
    Ok(())
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self
            .steps
            .iter()
            .map(|step| step.kind.name().len())
            .max()
            .unwrap_or(0);
        let name = self
            .steps
            .iter()
            .map(|step| step.name.len())
            .max()
            .unwrap_or(0);
        for step in &self.steps {
            write!(
                f,
                "{:kind$} {:name$}  {}",
                step.kind, step.name, step.status
            )?;
            if let Some(estimate) = step.estimate {
                let memory = mebibytes(estimate.memory);
                write!(f, "; about {} and {memory} MiB", duration(estimate.seconds))?;
            }
            writeln!(f)?;
        }
        write(self, f)
    }
}

#[cfg(test)]
mod tests {
    use goldpan_select::Estimate;

    use super::*;
    use crate::cost::Source;

    const ROOM: Room = Room {
        cores: 2,
        most: 1,
        memory: None,
    };

    fn step(kind: StageKind, status: Status, estimate: Option<(f64, u64)>) -> Step {
        Step {
            name: format!("seed0/random/{kind}"),
            kind,
            status,
            estimate: estimate.map(|(seconds, mebibytes)| Estimate {
                seconds,
                memory: mebibytes << 20,
            }),
        }
    }

    #[test]
    fn a_preview_ends_with_what_it_comes_to() {
        let after = || Status::After(vec!["pool".to_owned()]);
        let stopped =
            || Status::Stopped("after round 1 (kappa: 1.0000 is at least 0.99)".to_owned());
        let (train, select) = (StageKind::Train, StageKind::Select);
        let steps = vec![
            step(StageKind::Ingest, Status::Cached, None),
            step(StageKind::Embed, Status::Cached, None),
            step(select, Status::Forced, Some((0.25, 3))),
            step(train, Status::Cached, None),
            step(train, after(), Some((50.0, 400))),
            step(train, after(), Some((150.0, 500))),
            step(StageKind::Predict, after(), Some((20.0, 300))),
            step(select, after(), None),
            step(StageKind::Label, after(), None),
            step(train, stopped(), None),
            step(StageKind::Predict, Status::Missing, None),
        ];
        let preview = Preview {
            steps,
            sources: vec![
                Source::Recorded {
                    kind: train,
                    count: 1,
                },
                Source::Measured,
            ],
            room: ROOM,
            kept: 0,
            may_stop: true,
        };
        insta::assert_snapshot!(preview);
    }

    #[test]
    fn nothing_is_predicted_where_nothing_is_to_do() {
        let preview = Preview {
            steps: vec![step(StageKind::Train, Status::Cached, None)],
            sources: Vec::new(),
            room: ROOM,
            kept: 0,
            may_stop: true,
        };
        let text = preview.to_string();
        let end: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(end, ["1 cached, 0 to run", "trainings: 0 to do, 1 cached"]);
    }

    #[test]
    fn trainings_at_once_need_their_memory_at_once() {
        let missing = || Status::After(vec!["pool".to_owned()]);
        let train = |mebibytes| step(StageKind::Train, missing(), Some((50.0, mebibytes)));
        let predict = step(StageKind::Predict, missing(), Some((5.0, 300)));
        let room = Room { most: 4, ..ROOM };
        let end = |steps| {
            let preview = Preview {
                steps,
                room,
                kept: 200 << 20,
                sources: Vec::new(),
                may_stop: false,
            };
            let text = preview.to_string();
            let lines = text.lines().filter(|line| line.contains(':'));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            end(vec![train(400), predict.clone(), train(500), train(100)])[..],
            [
                "trainings: 3 to do, 0 cached; at most 3 at once",
                "predicted: 2 min 35 s (train 2 min 30 s, predict 5.0 s), at most 1200 MiB at once"
            ]
        );
        assert_eq!(
            end(vec![train(400), predict])[..],
            [
                "trainings: 1 to do, 0 cached",
                "predicted: 55.0 s (train 50.0 s, predict 5.0 s), at most 400 MiB at once"
            ]
        );
    }
}
