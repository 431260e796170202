//! What code hosts know: open pull requests, and the repositories of an organisation.

use fleet_core::yaml::FieldPath;
use regex::Regex;
use serde_json::json;

use super::super::error::ExpandError;
use super::super::go;
use super::super::params::{Kind, Layer, ParamSet};
use super::super::snapshot::{FailureKind, PullRequest, ScmRepository};
use super::values::ValueTemplates;
use super::{Context, Outcome, Sought, normalized_name, other};
use crate::application_set::{PullRequestGenerator, ScmFilter, ScmProviderGenerator};

pub(super) fn pull_requests(
    generator: &PullRequestGenerator,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<Vec<ParamSet>> {
    let Some((repository, labels)) = pull_request_query(generator) else {
        return Err(other(
            path.clone(),
            "failed to select pull request service provider: no Pull Request provider implementation configured",
        ));
    };
    let words = "error listing repos: ";
    let mut filters = Vec::new();
    for (index, filter) in generator.filters.iter().flatten().enumerate() {
        let path = path.clone().field("filters").index(index);
        filters.push([
            expression("BranchMatch", filter.branch_match.as_deref(), &path, words)?,
            expression(
                "TargetBranchMatch",
                filter.target_branch_match.as_deref(),
                &path,
                words,
            )?,
            expression("TitleMatch", filter.title_match.as_deref(), &path, words)?,
        ]);
    }
    let found = context.found(context.snapshot.pull_requests(&repository), path, || {
        Sought::PullRequests {
            key: repository.clone(),
            query: Box::new(generator.clone()),
        }
    });
    let found = match found {
        Ok(found) => found,
        Err(failure)
            if failure.kind == FailureKind::NotFound
                && generator.continue_on_repo_not_found_error == Some(true) =>
        {
            return Ok(Vec::new());
        }
        Err(failure) => return Err(ExpandError::source(path.clone(), failure.within(words))),
    };
    let values = ValueTemplates::new(
        generator.values.as_ref(),
        path,
        "failed to append templated values: ",
        context,
    );
    found
        .iter()
        .filter(|pull| labels.iter().all(|label| pull.labels.contains(label)))
        .filter(|pull| {
            filters.is_empty()
                || filters.iter().any(|[branch, target, title]| {
                    matches(branch.as_ref(), &pull.branch)
                        && matches(target.as_ref(), &pull.target_branch)
                        && matches(title.as_ref(), &pull.title)
                })
        })
        .map(|pull| values.applied(pull_request_params(pull, context.go), context))
        .collect()
}

/// The repository whose pull requests are wanted, and the labels they must have.
pub(crate) fn pull_request_query(generator: &PullRequestGenerator) -> Option<(String, Vec<String>)> {
    let joined = |owner: &str, repo: &str| format!("{owner}/{repo}");
    let labels = |labels: &Option<Vec<String>>| labels.clone().unwrap_or_default();
    if let Some(github) = &generator.github {
        return Some((joined(&github.owner, &github.repo), labels(&github.labels)));
    }
    if let Some(gitlab) = &generator.gitlab {
        return Some((gitlab.project.clone(), labels(&gitlab.labels)));
    }
    if let Some(gitea) = &generator.gitea {
        return Some((joined(&gitea.owner, &gitea.repo), labels(&gitea.labels)));
    }
    if let Some(server) = &generator.bitbucket_server {
        return Some((joined(&server.project, &server.repo), Vec::new()));
    }
    if let Some(bitbucket) = &generator.bitbucket {
        return Some((joined(&bitbucket.owner, &bitbucket.repo), Vec::new()));
    }
    let azure = generator.azuredevops.as_ref()?;
    Some((joined(&azure.project, &azure.repo), labels(&azure.labels)))
}

fn pull_request_params(pull: &PullRequest, go: bool) -> Layer {
    let mut layer = Layer::default();
    layer.insert("number", pull.number.to_string());
    layer.insert("title", pull.title.as_str());
    layer.insert("branch", pull.branch.as_str());
    layer.insert("branch_slug", slug(&pull.branch));
    layer.insert("target_branch", pull.target_branch.as_str());
    layer.insert("target_branch_slug", slug(&pull.target_branch));
    layer.insert("head_sha", pull.head_sha.as_str());
    layer.insert("head_short_sha", first(&pull.head_sha, 8));
    layer.insert("head_short_sha_7", first(&pull.head_sha, 7));
    layer.insert("author", pull.author.as_str());
    if go {
        layer.insert("labels", json!(pull.labels));
        layer.mark(&["labels"], Kind::StringList);
    }
    layer
}

pub(super) fn repositories(
    generator: &ScmProviderGenerator,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<Vec<ParamSet>> {
    let Some((organization, all_branches)) = scm_query(generator) else {
        return Err(other(path.clone(), "no SCM provider implementation configured"));
    };
    let words = "error listing repos: ";
    let mut filters = Vec::new();
    for (index, filter) in generator.filters.iter().flatten().enumerate() {
        filters.push(RepositoryFilter::new(
            filter,
            &path.clone().field("filters").index(index),
            words,
        )?);
    }
    let found = context
        .found(context.snapshot.repositories(&organization), path, || {
            Sought::Repositories {
                key: organization.clone(),
                query: Box::new(generator.clone()),
            }
        })
        .map_err(|failure| ExpandError::source(path.clone(), failure.within(words)))?;
    let values = ValueTemplates::new(
        generator.values.as_ref(),
        path,
        "failed to append templated values: ",
        context,
    );
    // Filters of repositories are asked before the branches are known: of the default branch, which comes first.
    let mut chosen: Vec<&ScmRepository> = Vec::new();
    let mut defaults: Vec<&ScmRepository> = Vec::new();
    for branch in found.iter() {
        if defaults.iter().all(|known| known.repository != branch.repository) {
            defaults.push(branch);
        }
    }
    let (branch_filters, repository_filters): (Vec<_>, Vec<_>) = filters
        .iter()
        .filter(|filter| filter.scope != FilterScope::None)
        .partition(|filter| filter.scope == FilterScope::Branch);
    let passes = |filters: &[&RepositoryFilter<'_>], branch: &ScmRepository| {
        filters.is_empty() || filters.iter().any(|filter| filter.matches(branch))
    };
    for default in defaults {
        if !passes(&repository_filters, default) {
            continue;
        }
        let branches = found
            .iter()
            .filter(|branch| branch.repository == default.repository)
            .take(if all_branches { usize::MAX } else { 1 });
        chosen.extend(branches.filter(|branch| passes(&branch_filters, branch)));
    }
    chosen
        .into_iter()
        .map(|branch| values.applied(repository_params(branch), context))
        .collect()
}

/// The organisation whose repositories are wanted, and whether all their branches are.
pub(crate) fn scm_query(generator: &ScmProviderGenerator) -> Option<(String, bool)> {
    let query = |organization: &str, all: Option<bool>| Some((organization.to_owned(), all == Some(true)));
    if let Some(github) = &generator.github {
        return query(&github.organization, github.all_branches);
    }
    if let Some(gitlab) = &generator.gitlab {
        return query(&gitlab.group, gitlab.all_branches);
    }
    if let Some(gitea) = &generator.gitea {
        return query(&gitea.owner, gitea.all_branches);
    }
    if let Some(server) = &generator.bitbucket_server {
        return query(&server.project, server.all_branches);
    }
    if let Some(azure) = &generator.azure_dev_ops {
        return query(&azure.organization, azure.all_branches);
    }
    if let Some(bitbucket) = &generator.bitbucket {
        return query(&bitbucket.owner, bitbucket.all_branches);
    }
    let aws = generator.aws_code_commit.as_ref()?;
    query(aws.region.as_deref().unwrap_or_default(), aws.all_branches)
}

fn repository_params(branch: &ScmRepository) -> Layer {
    let mut layer = Layer::default();
    layer.insert("organization", branch.organization.as_str());
    layer.insert("repository", branch.repository.as_str());
    layer.insert("repository_id", branch.repository_id.clone());
    layer.insert("url", branch.url.as_str());
    layer.insert("branch", branch.branch.as_str());
    layer.insert("branchNormalized", normalized_name(&branch.branch));
    layer.insert("sha", branch.sha.as_str());
    layer.insert("short_sha", first(&branch.sha, 8));
    layer.insert("short_sha_7", first(&branch.sha, 7));
    layer.insert("labels", branch.labels.join(","));
    layer
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FilterScope {
    None,
    Repository,
    Branch,
}

struct RepositoryFilter<'a> {
    repository: Option<Regex>,
    label: Option<Regex>,
    branch: Option<Regex>,
    exist: &'a [String],
    do_not_exist: &'a [String],
    scope: FilterScope,
}

impl<'a> RepositoryFilter<'a> {
    fn new(filter: &'a ScmFilter, path: &FieldPath, words: &str) -> Outcome<Self> {
        let of_branch = filter.branch_match.is_some()
            || filter.paths_exist.is_some()
            || filter.paths_do_not_exist.is_some();
        let of_repository = filter.repository_match.is_some() || filter.label_match.is_some();
        Ok(Self {
            repository: expression("RepositoryMatch", filter.repository_match.as_deref(), path, words)?,
            label: expression("LabelMatch", filter.label_match.as_deref(), path, words)?,
            branch: expression("BranchMatch", filter.branch_match.as_deref(), path, words)?,
            exist: filter.paths_exist.as_deref().unwrap_or_default(),
            do_not_exist: filter.paths_do_not_exist.as_deref().unwrap_or_default(),
            scope: match (of_branch, of_repository) {
                (true, _) => FilterScope::Branch,
                (false, true) => FilterScope::Repository,
                (false, false) => FilterScope::None,
            },
        })
    }

    fn matches(&self, branch: &ScmRepository) -> bool {
        let has = |path: &String| {
            let path = path.trim_end_matches('/');
            branch.paths.iter().any(|known| {
                known
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        matches(self.repository.as_ref(), &branch.repository)
            && matches(self.branch.as_ref(), &branch.branch)
            && self
                .label
                .as_ref()
                .is_none_or(|label| branch.labels.iter().any(|found| label.is_match(found)))
            && self.exist.iter().all(has)
            && !self.do_not_exist.iter().any(has)
    }
}

fn matches(expression: Option<&Regex>, text: &str) -> bool {
    expression.is_none_or(|expression| expression.is_match(text))
}

fn expression(name: &str, text: Option<&str>, path: &FieldPath, words: &str) -> Outcome<Option<Regex>> {
    let Some(text) = text else { return Ok(None) };
    Regex::new(text).map(Some).map_err(|error| {
        let field = name[..1].to_lowercase() + &name[1..];
        other(
            path.clone().field(field),
            format!(
                "{words}error compiling {name} regexp {}: error parsing regexp: {}",
                go::quoted(text),
                regexp_error(text, &error)
            ),
        )
    })
}

/// What Go says of an expression it cannot read.
fn regexp_error(text: &str, error: &regex::Error) -> String {
    let message = error.to_string();
    if message.contains("unclosed group") {
        format!("missing closing ): `{text}`")
    } else if message.contains("unopened group") {
        format!("unexpected ): `{text}`")
    } else if message.contains("unclosed character class") {
        let at = text.find('[').unwrap_or_default();
        format!("missing closing ]: `{}`", &text[at..])
    } else if message.contains("repetition operator missing expression") {
        let operator = text.find(['*', '+', '?']).map_or("", |at| &text[at..=at]);
        format!("missing argument to repetition operator: `{operator}`")
    } else if message.contains("look-around") {
        let at = text.find("(?").unwrap_or_default();
        let end = text
            .len()
            .min(at + 3 + usize::from(text[at..].starts_with("(?<")));
        format!("invalid or unsupported Perl syntax: `{}`", &text[at..end])
    } else {
        message.lines().last().unwrap_or_default().to_owned()
    }
}

fn first(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}

/// A name as slugs have it: lower case, words joined by `-`, at most 50 bytes and cut at a word.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for char in text.trim().chars() {
        match char {
            '&' => slug.push_str("and"),
            '@' => slug.push_str("at"),
            '"' | '\'' | '’' => {}
            char => {
                for char in deunicode::deunicode_char(char).unwrap_or_default().chars() {
                    match char.to_ascii_lowercase() {
                        char if char.is_ascii_alphanumeric() => slug.push(char),
                        _ if slug.ends_with('-') => {}
                        _ => slug.push('-'),
                    }
                }
            }
        }
    }
    let slug = slug.trim_matches('-');
    if slug.len() <= MAX_SLUG {
        return slug.to_owned();
    }
    match slug[..=MAX_SLUG].rfind('-') {
        Some(end) => slug[..end].to_owned(),
        None => slug[..MAX_SLUG].to_owned(),
    }
}

const MAX_SLUG: usize = 50;
