//! Which exit code stands for which error.

use std::io::ErrorKind;

use crate::error::Error;
use crate::exit::Exit;

/// The exit code of a failed command.
pub fn exit_of(error: &Error) -> Exit {
    match error {
        Error::Artifact(error) => artifact(error),
        Error::Sources(error) => sources(error),
        Error::Model(error) => model(error),
        Error::Ingest(error) => ingest(error),
        Error::Embed(error) => embed(error),
        Error::Train(error) => train(error),
        Error::Predict(error) => predict(error),
        Error::Select(error) => select(error),
        Error::Evaluate(error) => evaluate(error),
        Error::Foreign(error) => foreign(error),
        Error::Store(error) => store(error),
        Error::Pipeline(error) => pipeline(error),
        Error::Report(error) => report(error),
        Error::Temporary { .. } => Exit::Failed,
        Error::OtherVectors { .. } | Error::NoEffect { .. } => Exit::Usage,
        Error::NoStore { .. } | Error::NoRun { .. } | Error::Unfinished { .. } => Exit::NotFound,
        Error::Read { source, .. } => reading(source.kind()),
        Error::Strategy(_)
        | Error::NoRound { .. }
        | Error::OutputIsInput { .. }
        | Error::AdapterOnTrained { .. }
        | Error::WholeAlready { .. } => Exit::Usage,
        Error::NothingLabelled { .. }
        | Error::OtherBase(_)
        | Error::NoLabelColumn { .. }
        | Error::NothingToShow { .. }
        | Error::Manifest { .. } => Exit::Data,
        Error::NoBase { source, .. } => sources(source),
        Error::Stdout { .. } => Exit::Failed,
    }
}

/// A file that cannot be read: is it there at all?
fn reading(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Exit::NotFound,
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::InvalidInput => Exit::Data,
        _ => Exit::Failed,
    }
}

fn artifact(error: &goldpan_artifact::Error) -> Exit {
    use goldpan_artifact::Error as E;
    match error {
        E::Read { source, .. } => reading(source.kind()),
        E::Write { .. } | E::Encode { .. } => Exit::Failed,
        _ => Exit::Data,
    }
}

fn sources(error: &goldpan_sources::Error) -> Exit {
    use goldpan_sources::Error as E;
    match error {
        E::NotFound(_) => Exit::NotFound,
        E::UnknownSplit { .. } | E::NoCacheFolder | E::BadAddress { .. } => Exit::Usage,
        E::Read { source, .. } => reading(source.kind()),
        E::Artifact(error) => artifact(error),
        E::Cancelled => Exit::Stopped,
        _ => Exit::Failed,
    }
}

fn model(error: &goldpan_model::Error) -> Exit {
    use goldpan_model::Error as E;
    match error {
        E::Cancelled => Exit::Stopped,
        E::Read { source, .. } => reading(source.kind()),
        E::Map { source, .. } => artifact(source),
        E::NoWeights { .. } | E::NoTokenizer { .. } => Exit::NotFound,
        E::MaxLength { .. }
        | E::Layer { .. }
        | E::DeviceNotBuilt { .. }
        | E::OutputExists { .. }
        | E::HeadAlone { .. } => Exit::Usage,
        E::Prompt(_) | E::AmbiguousPrompt { .. } | E::LongPrompt { .. } => Exit::Usage,
        E::Save(_) | E::Encode { .. } => Exit::Failed,
        _ => Exit::Data,
    }
}

fn ingest(error: &goldpan_ingest::Error) -> Exit {
    use goldpan_ingest::Error as E;
    match error {
        E::Cancelled => Exit::Stopped,
        E::NoInput
        | E::ClassName { .. }
        | E::EqualClasses { .. }
        | E::MissingClass { .. }
        | E::MetadataName { .. }
        | E::NumbersOfNothing
        | E::Quotes { .. }
        | E::Rename { .. }
        | E::RenamedTwice { .. }
        | E::SignClasses { .. }
        | E::UnknownEncoding { .. } => Exit::Usage,
        E::Read { source, .. } => reading(source.kind()),
        E::Changed { .. } => Exit::Failed,
        E::Artifact(error) => artifact(error),
        _ => Exit::Data,
    }
}

fn embed(error: &goldpan_embed::Error) -> Exit {
    use goldpan_embed::Error as E;
    match error {
        E::Cancelled => Exit::Stopped,
        E::Model(error) => model(error),
        E::Artifact(error) => artifact(error),
        _ => Exit::Failed,
    }
}

fn train(error: &goldpan_train::Error) -> Exit {
    use goldpan_train::Error as E;
    match error {
        E::Cancelled => Exit::Stopped,
        E::Config(_)
        | E::OutputExists { .. }
        | E::ClassWeights { .. }
        | E::PreviousBase { .. }
        | E::PreviousTensor { .. } => Exit::Usage,
        E::Model(error) => model(error),
        E::Artifact(error) => artifact(error),
        E::Diverged { .. }
        | E::DivergedValidation { .. }
        | E::DivergedTensor { .. }
        | E::Write { .. }
        | E::Checkpoint { .. } => Exit::Failed,
        _ => Exit::Data,
    }
}

fn predict(error: &goldpan_predict::Error) -> Exit {
    use goldpan_predict::Error as E;
    match error {
        E::Cancelled => Exit::Stopped,
        E::FewClasses { .. }
        | E::RepeatedClass { .. }
        | E::BlankClass { .. }
        | E::Temperature { .. }
        | E::UnknownClass { .. } => Exit::Usage,
        E::Model(error) => model(error),
        E::Artifact(error) => artifact(error),
        _ => Exit::Failed,
    }
}

fn select(error: &goldpan_select::Error) -> Exit {
    use goldpan_select::Error as E;
    match error {
        E::Cancelled => Exit::Stopped,
        E::UnknownStrategy { .. }
        | E::EmptyProduct
        | E::Setting { .. }
        | E::RepeatedObjective { .. }
        | E::NoEmbeddings { .. }
        | E::NoPredictions { .. }
        | E::NoPool
        | E::NoTexts { .. }
        | E::NoDistance { .. }
        | E::NoColumn { .. }
        | E::Filter { .. }
        | E::Budget { .. }
        | E::UnknownClass { .. }
        | E::UnknownPredicted { .. }
        | E::TooFew { .. }
        | E::TooFewLeft { .. }
        | E::OverMemory { .. } => Exit::Usage,
        E::Artifact(error) => artifact(error),
        _ => Exit::Data,
    }
}

fn evaluate(error: &goldpan_evaluate::Error) -> Exit {
    use goldpan_evaluate::Error as E;
    match error {
        E::Artifact(error) => artifact(error),
        E::Json { .. } => Exit::Failed,
        _ => Exit::Data,
    }
}

fn foreign(error: &goldpan_foreign::Error) -> Exit {
    use goldpan_foreign::Error as E;
    match error {
        E::Read { source, .. } => reading(source.kind()),
        E::Temporary { .. } => Exit::Failed,
        E::Artifact(error) => artifact(error),
        _ => Exit::Data,
    }
}

fn store(error: &goldpan_store::Error) -> Exit {
    use goldpan_store::Error as E;
    match error {
        E::Interrupted { .. } => Exit::Stopped,
        E::NotAFolder { .. } | E::BadName { .. } | E::NotARunFolder { .. } => Exit::Usage,
        E::NewerStore { .. }
        | E::DamagedFormat { .. }
        | E::NoManifest { .. }
        | E::NotALink { .. }
        | E::Unfollowed { .. }
        | E::NoRuns { .. }
        | E::DamagedLinks { .. }
        | E::Damaged { .. } => Exit::Data,
        E::Artifact(error) => artifact(error),
        _ => Exit::Failed,
    }
}

fn pipeline(error: &goldpan_pipeline::Error) -> Exit {
    use goldpan_pipeline::Error as E;
    match error {
        E::Cancelled => Exit::Stopped,
        E::ReadSpec { source, .. } => reading(source.kind()),
        E::NotText { .. } => Exit::Usage,
        E::Unfit(invalid) if invalid.is_of_data() => Exit::Data,
        E::Unfit(_) | E::Spec(_) | E::UnknownStage(_) | E::NotDone { .. } => Exit::Usage,
        E::Sources(error) => sources(error),
        E::Ingest(error) => ingest(error),
        E::Model(error) => model(error),
        E::Artifact(error) => artifact(error),
        E::Evidence(_) => Exit::Data,
        E::Store(error) => store(error),
        E::Report(error) => report(error),
        E::OverMemory { source, .. } => select(source),
        E::Stage { error, .. } => stage(error),
        _ => Exit::Failed,
    }
}

fn report(error: &goldpan_report::Error) -> Exit {
    use goldpan_report::Error as E;
    match error {
        E::Artifact(error) => artifact(error),
        E::NoContents { source, .. } => reading(source.kind()),
        E::UnknownText { .. } | E::RepeatedKey { .. } => Exit::Usage,
        E::Evidence(_) | E::Contents { .. } => Exit::Data,
        _ => Exit::Failed,
    }
}

fn stage(error: &goldpan_pipeline::StageError) -> Exit {
    use goldpan_pipeline::StageError as E;
    match error {
        E::Ingest(error) => ingest(error),
        E::Embed(error) => embed(error),
        E::Train(error) => train(error),
        E::Predict(error) => predict(error),
        E::Select(error) => select(error),
        E::Evaluate(error) => evaluate(error),
        E::Artifact(error) => artifact(error),
        E::Store(error) => store(error),
        E::NoLabel { .. } => Exit::Data,
        _ => Exit::Failed,
    }
}
