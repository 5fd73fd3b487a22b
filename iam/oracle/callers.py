"""What AWS documents about callers: which principals name them, and which condition keys their requests have.

Sources: AWS IAM User Guide, "AWS JSON policy elements: Principal", "... NotPrincipal" and "AWS global condition
context keys".
"""

import re

import z3

from encoding import FALSE, TRUE, UNDOCUMENTED, both, conjunction, disjunction, glob, in_range, union

# Ranges that are not used on the public Internet (IANA).
SPECIAL = ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
           "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"]


def account_of_root(name):
    """Returns the account that an account ID or the ARN of a root user names."""
    if re.fullmatch(r"\d{12}", name):
        return name
    found = re.fullmatch(r"arn:[^:]*:iam::(\d{12}):root", name)
    return found and found.group(1)


class Caller:
    """A caller: `kind` is identity, anonymous, service, federated or canonical. The name can be a term."""

    def __init__(self, kind, name, account=None):
        self.kind = kind
        self.name = name
        self.account = account

    def includes(self, statement):
        """Returns the formula that Principal or NotPrincipal of a statement includes the caller."""
        if statement.principals is None:
            return both(TRUE)
        if ("*", "*") in statement.principals:
            if self.kind == "federated":
                return UNDOCUMENTED
            return both(FALSE if statement.not_principals else TRUE)
        named = z3.Or([self.is_named(*one) for one in statement.principals])
        account = self.account is not None and any(
            kind == "AWS" and account_of_root(name) == self.account for kind, name in statement.principals)
        if not statement.not_principals:
            return both(TRUE if account else named)
        if self.kind != "identity":
            return both(z3.Not(named))
        # The account must be listed beside the identity; AWS documents no effect of one alone.
        alone = named if not account else z3.Not(named)
        applies = both(FALSE if account else TRUE)
        return disjunction([conjunction([both(alone), UNDOCUMENTED]), conjunction([both(z3.Not(alone)), applies])])

    def is_named(self, kind, name):
        wanted = {"identity": "AWS", "service": "Service", "federated": "Federated", "canonical": "CanonicalUser"}
        if wanted.get(self.kind) != kind:
            return FALSE
        return self.name == z3.StringVal(name) if z3.is_expr(self.name) else z3.BoolVal(self.name == name)


def public_address(term):
    """Returns the formula that an address is one of the public Internet."""
    special = z3.Or([in_range(term, text) for text in SPECIAL])
    v4 = z3.And(in_range(term, "0.0.0.0/0"), z3.Not(special))
    return z3.Or(v4, in_range(term, "2000::/3"))


def texts(term, values):
    return z3.Or([term == z3.StringVal(value) for value in values])


class Facts:
    """The keys of the requests of a symbolic caller."""

    def __init__(self, grantee):
        self.kind = grantee["kind"]
        self.name = grantee["name"]
        self.is_user = z3.Bool("caller is a user")
        self.from_endpoint = z3.Bool("through an endpoint")
        self.arn = z3.String("caller's ARN")
        self.account = None
        self.constraints = []
        self.is_identity = self.kind in ("account", "principal", "holder", "canonical")
        if self.kind == "account":
            self.account = self.name
        if self.kind == "principal":
            self.account = self.name.split(":")[4]
            self.arn = z3.StringVal(self.name)
            self.is_user = z3.BoolVal(":user/" in self.name)
        if self.is_identity:
            owner = self.account or "*"
            self.constraints.append(z3.If(
                self.is_user, self.has_arn(f"iam::{owner}:user/?*"), self.has_arn(f"iam::{owner}:role/?*")))

    def has_arn(self, rest):
        partitions = [glob(f"arn:{partition}:{rest}") for partition in ("aws", "aws-us-gov", "aws-cn")]
        return z3.InRe(self.arn, union(partitions))

    def caller(self):
        if self.kind == "service":
            return Caller("service", self.name)
        if self.kind == "canonical":
            return Caller("canonical", self.name)
        return Caller("identity", self.arn, self.account)

    def add_key(self, name, key):
        """Adds what is known about a key, whose terms are fresh."""
        present = key.present()
        rule = self.presence(name)
        if rule is not None:
            self.constraints.append(present == rule)
        for slot in key.slots:
            self.constraints.append(z3.Implies(slot.used, self.value_rule(name, key.kind, slot.term)))

    def presence(self, name):
        """Returns when a request has a key, or None if both is possible."""
        always = {"aws:securetransport", "aws:viaawsservice", "aws:currenttime", "aws:epochtime", "aws:requestedregion",
                  "aws:principalisawsservice"}
        if name in always:
            return TRUE
        if self.is_identity:
            if name in ("aws:principalarn", "aws:principalaccount", "kms:calleraccount", "aws:principaltype", "aws:userid"):
                return TRUE
            if name in ("aws:sourceaccount", "aws:sourcearn", "aws:principalservicename"):
                return FALSE
            if name == "aws:username":
                return self.is_user
            if name == "aws:sourceip":
                return z3.Not(self.from_endpoint)
            if name in ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"):
                return self.from_endpoint
            return None
        if name in ("aws:principalarn", "aws:principalaccount", "kms:calleraccount", "aws:principalorgid",
                    "aws:principalorgpaths", "aws:username", "aws:multifactorauthpresent", "aws:sourceip",
                    "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"):
            return FALSE
        return TRUE if name == "aws:principalservicename" else None

    def value_rule(self, name, kind, term):
        """Returns which values a key can have."""
        flags = ("aws:securetransport", "aws:viaawsservice", "aws:multifactorauthpresent")
        if name == "aws:sourceip" and kind == "address":
            return public_address(term)
        if name == "s3:tlsversion" and kind == "number":
            return z3.Or(term == z3.Q(12, 10), term == z3.Q(13, 10))
        if kind != "text":
            return TRUE
        if name in flags:
            return texts(term, ["true", "false"])
        if name == "aws:principalisawsservice":
            return texts(term, ["false" if self.is_identity else "true"])
        if name == "aws:principalservicename":
            return texts(term, [self.name])
        if name == "aws:principalarn":
            return term == self.arn
        if name in ("aws:principalaccount", "kms:calleraccount"):
            return texts(term, [self.account]) if self.account else z3.InRe(term, glob("?" * 12))
        if name == "aws:principaltype" and self.is_identity:
            return z3.If(self.is_user, texts(term, ["User"]), texts(term, ["AssumedRole"]))
        if name == "aws:userid" and self.is_identity:
            form = z3.If(self.is_user, z3.InRe(term, glob("AIDA?*")), z3.InRe(term, glob("AROA?*:?*")))
            return z3.And(form, z3.Not(z3.Contains(term, z3.StringVal("*"))))
        patterns = {"aws:principalorgid": "o-?*", "aws:principalorgpaths": "o-?*/r-?*/?*", "aws:sourcevpc": "vpc-?*",
                    "aws:sourcevpce": "vpce-?*"}
        if name in patterns:
            # An id has no wildcard, also where a policy compares it with one literally.
            return z3.And(z3.InRe(term, glob(patterns[name])), z3.Not(z3.Contains(term, z3.StringVal("*"))))
        # A request to list a bucket can have an empty prefix. Other keys have no empty value.
        return TRUE if name == "s3:prefix" else z3.Length(term) > 0
