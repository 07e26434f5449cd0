//! `kubectl create token`: its checks, and the server's. Tokens themselves aren't simulated. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/create/create_token.go` and `ValidateTokenRequest` of
//! `pkg/apis/authentication/validation/validation.go`, v1.36.

use super::one_name;
use crate::api::status::{ApiError, FieldError, FieldErrorType};
use crate::kernel::time::SimDuration;
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::flags::{Flag, short, switch, value};
use crate::kubectl::{Call, Next, target};

/// The flags of `create token`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    switch("show-managed-fields"),
    value("audience"),
    value("duration"),
    value("bound-object-kind"),
    value("bound-object-name"),
    value("bound-object-uid"),
];

/// Kinds that a token can be bound to.
const BOUND_KINDS: [&str; 3] = ["Node", "Pod", "Secret"];

/// A token is valid for this long at least.
const SHORTEST: SimDuration = SimDuration::from_secs(10 * 60);

/// Runs `kubectl create token`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let negative = call.flags.text("duration").starts_with('-');
    let duration = call.flags.duration("duration")?.unwrap_or(SimDuration::ZERO);
    let name = one_name(call)?;
    check(call, &name, duration, negative)?;
    let ns = call.namespace().to_owned();
    let failed = |error: ApiError| Failure::Plain(format!("failed to create token: {error}"));
    call.api.get(target::resource("serviceaccounts")?, &ns, &name).map_err(failed)?;
    if !duration.is_zero() && duration < SHORTEST {
        let seconds = duration.as_nanos() / 1_000_000_000;
        let cause = FieldError {
            kind: FieldErrorType::Invalid,
            field: "spec.expirationSeconds".into(),
            body: format!("Invalid value: {seconds}: may not specify a duration less than 10 minutes"),
        };
        return Err(failed(ApiError::invalid("authentication.k8s.io", "TokenRequest", "", vec![cause])));
    }
    Err(Failure::not_simulated("kubectl create token"))
}

fn check(call: &Call<'_>, name: &str, duration: SimDuration, negative: bool) -> Answer<()> {
    let [kind, bound_name, uid] = ["bound-object-kind", "bound-object-name", "bound-object-uid"].map(|flag| call.flags.text(flag));
    let wrong = match kind {
        _ if name.is_empty() => "service account name is required",
        _ if negative => "--duration must be greater than or equal to 0",
        _ if !duration.as_nanos().is_multiple_of(1_000_000_000) => "--duration cannot be expressed in units less than seconds",
        _ if call.flags.all("audience").iter().any(String::is_empty) => "--audience must not be an empty string",
        "" if !bound_name.is_empty() => "--bound-object-name can only be set if --bound-object-kind is provided",
        "" if !uid.is_empty() => "--bound-object-uid can only be set if --bound-object-kind is provided",
        "" => return Ok(()),
        kind if !BOUND_KINDS.contains(&kind) => {
            return Err(Failure::Plain(format!("supported --bound-object-kind values are {}", BOUND_KINDS.join(", "))));
        }
        _ if bound_name.is_empty() => "--bound-object-name is required if --bound-object-kind is provided",
        _ => return Ok(()),
    };
    Err(Failure::plain(wrong))
}
