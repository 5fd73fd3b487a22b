//! Identity providers whose tokens anyone can get, and the claims that name the tenant.
//!
//! Sources: AWS IAM User Guide, "Identity-provider controls for shared OIDC providers" (the list and
//! the required claims, as three public projects quote it on 2026-08; the page itself was not read),
//! and the documentation of the providers for the place of the tenant in a claim.

use crate::callers::{CallerClass, CallerKind};
use crate::solver::domain::{KeyDomain, ValueDomain};
use crate::solver::pattern::Pattern;

/// An identity provider that many organizations share.
#[derive(Debug)]
pub(crate) struct SharedProvider {
    /// The issuer without `https://`.
    issuer: &'static str,
    claims: &'static [TenantClaim],
}

/// A claim that can name the tenant.
#[derive(Debug)]
struct TenantClaim {
    /// The name of the claim, or a whole condition key.
    name: &'static str,
    /// The text before the name of the tenant.
    prefix: &'static str,
    /// The characters that can follow the name of the tenant. Without any, the tenant is the whole
    /// rest.
    endings: &'static [char],
}

const fn claim(name: &'static str, prefix: &'static str, endings: &'static [char]) -> TenantClaim {
    TenantClaim { name, prefix, endings }
}

/// An issuer of IBM Turbonomic. IBM changes the issuers from time to time.
const fn turbonomic(issuer: &'static str) -> SharedProvider {
    const CLAIMS: &[TenantClaim] = &[claim("sub", "system:serviceaccount:", &[':'])];
    SharedProvider { issuer, claims: CLAIMS }
}

/// The shared providers.
const PROVIDERS: &[SharedProvider] = &[
    SharedProvider {
        issuer: "token.actions.githubusercontent.com",
        claims: &[
            // Repositories that are created after 2026-07-15 have the form `repo:ORG@ID/REPO@ID:...`.
            claim("sub", "repo:", &['/', '@']),
            claim("sub", "repository_owner:", &[':', '@']),
            claim("sub", "repository_owner_id:", &[':']),
            claim("sub", "repository_id:", &[':']),
            claim("sub", "enterprise:", &[':', '/']),
            claim("repository_owner_id", "", &[]),
            claim("repository_owner", "", &[]),
            claim("repository_id", "", &[]),
            claim("repository", "", &['/']),
            claim("enterprise_id", "", &[]),
            claim("enterprise", "", &[]),
        ],
    },
    SharedProvider {
        issuer: "vstoken.actions.githubusercontent.com",
        claims: &[claim("sub", "repo:", &['/'])],
    },
    SharedProvider {
        issuer: "oidc-configuration.audit-log.githubusercontent.com",
        claims: &[claim("sub", "https://github.com/", &[])],
    },
    SharedProvider {
        issuer: "gitlab.com",
        claims: &[
            claim("sub", "project_path:", &['/']),
            claim("project_path", "", &['/']),
            claim("namespace_path", "", &['/']),
            claim("namespace_id", "", &[]),
            claim("project_id", "", &[]),
        ],
    },
    SharedProvider { issuer: "app.terraform.io", claims: &[claim("sub", "organization:", &[':'])] },
    SharedProvider {
        issuer: "agent.buildkite.com",
        claims: &[claim("sub", "organization:", &[':']), claim("organization_id", "", &[])],
    },
    SharedProvider {
        issuer: "oidc.vercel.com",
        claims: &[
            claim("sub", "owner:", &[':']),
            claim("aud", "https://vercel.com/", &[]),
            claim("owner_id", "", &[]),
        ],
    },
    SharedProvider { issuer: "oidc.codefresh.io", claims: &[claim("sub", "account:", &[':'])] },
    SharedProvider { issuer: "scalr.io", claims: &[claim("sub", "account:", &[':'])] },
    SharedProvider { issuer: "tokens.cloud.shisho.dev", claims: &[claim("sub", "job:", &[':'])] },
    SharedProvider {
        issuer: "studio.datachain.ai/api",
        claims: &[claim("sub", "credentials:", &['/'])],
    },
    SharedProvider { issuer: "proidc.upbound.io", claims: &[claim("sub", "mcp:", &['/', ':'])] },
    SharedProvider {
        issuer: "api.pulumi.com/oidc",
        claims: &[
            claim("aud", "aws:", &[]),
            claim("aud", "", &[]),
            claim("sub", "pulumi:deploy:org:", &[':']),
            claim("sub", "pulumi:environments:org:", &[':']),
            claim("sub", "pulumi:environments:pulumi.organization.login:", &[':']),
        ],
    },
    turbonomic("rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7"),
    turbonomic("rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr"),
    turbonomic("rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg"),
    turbonomic("rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26"),
    turbonomic("oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb"),
    turbonomic("oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu"),
    SharedProvider { issuer: "sandboxes.cloud", claims: &[claim("aud", "", &[])] },
    SharedProvider {
        issuer: "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",
        claims: &[claim("sts:rolesessionname", "MicrosoftSentinel_", &[])],
    },
    SharedProvider {
        issuer: "cognito-identity.amazonaws.com",
        claims: &[claim("aud", "", &[]), claim("sub", "", &[])],
    },
    SharedProvider {
        issuer: "accounts.google.com",
        claims: &[claim("aud", "", &[]), claim("sub", "", &[])],
    },
    SharedProvider {
        issuer: "graph.facebook.com",
        claims: &[claim("app_id", "", &[]), claim("id", "", &[])],
    },
    SharedProvider {
        issuer: "www.amazon.com",
        claims: &[claim("app_id", "", &[]), claim("user_id", "", &[])],
    },
];

/// Returns the issuer of a provider as a statement names it: the text after `oidc-provider/` of an
/// ARN, or the name itself.
pub(crate) fn issuer_of(provider: &str) -> &str {
    let issuer = provider.split_once(":oidc-provider/").map_or(provider, |(_, issuer)| issuer);
    issuer.strip_suffix('/').unwrap_or(issuer)
}

/// Returns the shared provider with this name.
pub(crate) fn find_shared_provider(provider: &str) -> Option<&'static SharedProvider> {
    let issuer = issuer_of(provider);
    PROVIDERS.iter().find(|shared| shared.issuer.eq_ignore_ascii_case(issuer))
}

impl SharedProvider {
    /// Returns the claims of a condition key.
    fn claims_of(&self, key: &str) -> Vec<&TenantClaim> {
        let of_issuer = key.strip_prefix(self.issuer).and_then(|rest| rest.strip_prefix(':'));
        let is_named = |claim: &&TenantClaim| {
            of_issuer.is_some_and(|name| name == claim.name) || claim.name == key
        };
        self.claims.iter().filter(is_named).collect()
    }
}

impl TenantClaim {
    /// Returns the patterns of the values that belong to the same tenant as a value of a condition.
    /// The result is empty if the value does not fix the tenant.
    fn tenant_patterns(&self, value: &str) -> Vec<Pattern> {
        let Some(rest) = value.strip_prefix(self.prefix) else { return Vec::new() };
        let end = rest.find(self.endings).unwrap_or(rest.len());
        let (tenant, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if tenant.is_empty() || tenant.contains(['*', '?']) || tenant.contains("${") {
            return Vec::new();
        }
        let named = format!("{}{tenant}", self.prefix);
        let longer = self.endings.iter().map(|ending| format!("{named}{ending}*"));
        let texts = longer.chain([named.clone()]);
        texts.map(|text| Pattern::like_ignoring_case(&text)).collect()
    }
}

/// Returns whether a condition key is a claim of an identity provider: the name of the provider is a
/// host name.
fn is_claim(key: &str) -> bool {
    key.rsplit_once(':').is_some_and(|(issuer, _)| issuer.contains('.'))
}

/// Returns the domain of a claim of a token. A stranger has a token of a tenant that the document
/// does not name.
pub(crate) fn token_key(class: &CallerClass<'_>, key: &str) -> Option<KeyDomain> {
    let CallerKind::Federated(provider) = &class.kind else { return None };
    let issuer = issuer_of(provider).to_ascii_lowercase();
    let shared = find_shared_provider(provider)?;
    let claims = shared.claims_of(key);
    let own = key.strip_prefix(issuer.as_str());
    let is_own = own.is_some_and(|rest| rest.trim_start_matches('/').starts_with(':'));
    if claims.is_empty() {
        return if is_own {
            Some(KeyDomain::any())
        } else {
            // A token has no claims of another provider.
            is_claim(key).then(KeyDomain::never)
        };
    }
    let mut except = Pattern::with_literal_wildcards();
    if class.is_stranger {
        let values = class.named.written_values(key);
        except.extend(
            values.flat_map(|value| claims.iter().flat_map(|claim| claim.tenant_patterns(value))),
        );
    }
    let values = ValueDomain::Texts { within: Vec::new(), except };
    let may_be_absent = !matches!(key.rsplit(':').next(), Some("sub" | "aud"));
    Some(KeyDomain { may_be_absent, values, is_fact: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixes(issuer: &str, key: &str, value: &str) -> bool {
        let provider = find_shared_provider(issuer).unwrap();
        provider.claims_of(key).iter().any(|claim| !claim.tenant_patterns(value).is_empty())
    }

    #[test]
    fn the_name_of_the_tenant_must_be_complete() {
        let key = "token.actions.githubusercontent.com:sub";
        let fixed = |value| fixes("token.actions.githubusercontent.com", key, value);
        for value in ["repo:example/*", "repo:example/app:ref:refs/heads/main", "repo:example@12/*"]
        {
            assert!(fixed(value), "{value}");
        }
        for value in ["repo:example*", "repo:?*/app:*", "*", "environment:prod", "repo:*/app"] {
            assert!(!fixed(value), "{value}");
        }
    }

    #[test]
    fn an_issuer_is_found_by_the_arn_of_its_provider() {
        let arn = "arn:aws:iam::111122223333:oidc-provider/agent.buildkite.com";
        assert!(find_shared_provider(arn).is_some());
        assert!(
            find_shared_provider("arn:aws:iam::1:oidc-provider/oidc.vercel.com/team").is_none()
        );
        assert!(find_shared_provider("arn:aws:iam::1:saml-provider/x").is_none());
    }
}
