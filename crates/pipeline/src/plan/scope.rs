//! Which part of the graph a run is about.

use crate::plan::Graph;

/// What a run does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything that is not done yet.
    #[default]
    All,
    /// This stage alone; what it reads must be done already.
    Only(String),
    /// This stage and those after it; what they read otherwise must be done already.
    From(String),
}

/// What a node is in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is done if it is not yet.
    Run,
    /// It must be done already.
    Reuse,
    /// It plays no part.
    Skip,
}

/// A stage that is not in the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline has no stage {name:?}; it has {}", .known.join(", "))]
pub struct UnknownStage {
    /// The name asked for.
    pub name: String,
    /// The names there are, the nearest first.
    pub known: Vec<String>,
}

impl Scope {
    /// The role of every node.
    ///
    /// # Errors
    ///
    /// When no node has the scope's name.
    pub fn roles(&self, graph: &Graph) -> Result<Vec<Role>, UnknownStage> {
        let mut roles = match self {
            Self::All => return Ok(vec![Role::Run; graph.nodes.len()]),
            Self::Only(name) | Self::From(name) => named(graph, name)?
                .into_iter()
                .map(|named| if named { Role::Run } else { Role::Skip })
                .collect::<Vec<_>>(),
        };
        if let Self::From(_) = self {
            for node in 0..roles.len() {
                let inputs = graph.nodes[node].work.inputs();
                if inputs.iter().any(|&(_, input)| roles[input] == Role::Run) {
                    roles[node] = Role::Run;
                }
            }
        }
        for node in (0..roles.len()).rev() {
            if roles[node] == Role::Skip {
                continue;
            }
            for (_, input) in graph.nodes[node].work.inputs() {
                if roles[input] == Role::Skip {
                    roles[input] = Role::Reuse;
                }
            }
        }
        Ok(roles)
    }
}

/// For every node, whether `name` names it: in full, or by a tag.
///
/// # Errors
///
/// When it names none.
pub(crate) fn named(graph: &Graph, name: &str) -> Result<Vec<bool>, UnknownStage> {
    let matches: Vec<bool> = graph
        .nodes
        .iter()
        .map(|node| node.name == name || node.tags.iter().any(|tag| tag == name))
        .collect();
    if matches.contains(&true) {
        return Ok(matches);
    }
    let mut known: Vec<String> = Vec::new();
    for tag in graph.nodes.iter().flat_map(|node| &node.tags) {
        if !known.contains(tag) {
            known.push(tag.clone());
        }
    }
    known.sort_by_key(|tag| strsim::damerau_levenshtein(tag, name));
    Err(UnknownStage {
        name: name.to_owned(),
        known,
    })
}
