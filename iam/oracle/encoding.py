"""Encodes statements as formulas of Z3.

Each formula is a pair: what is certainly true, and what may be true. They differ where AWS documents no answer.
"""

import dataclasses
import datetime
import fractions
import ipaddress

import z3

from policy_language import MULTIVALUED

TRUE, FALSE = z3.BoolVal(True), z3.BoolVal(False)
UNDOCUMENTED = (FALSE, TRUE)
ANY_CHARACTER = z3.AllChar(z3.ReSort(z3.StringSort()))
ANY_TEXT = z3.Full(z3.ReSort(z3.StringSort()))
NOT_COLON = z3.Intersect(ANY_CHARACTER, z3.Complement(z3.Re(":")))


class Unsupported(Exception):
    """The encoding does not cover a combination of conditions."""


@dataclasses.dataclass
class Slot:
    """A value that a key may have. The term has the sort of `kind`."""

    used: z3.BoolRef
    term: z3.ExprRef


@dataclasses.dataclass
class Key:
    """A condition key of a request. `kind` is "text", "number", "date" or "address"."""

    kind: str
    slots: list

    def present(self):
        return z3.Or([slot.used for slot in self.slots])


def both(formula):
    """Returns a formula whose truth is documented."""
    return formula, formula


def conjunction(pairs):
    pairs = list(pairs)
    return z3.And([one for one, _ in pairs]), z3.And([one for _, one in pairs])


def disjunction(pairs):
    pairs = list(pairs)
    return z3.Or([one for one, _ in pairs]), z3.Or([one for _, one in pairs])


def negation(pair):
    return z3.Not(pair[1]), z3.Not(pair[0])


def union(parts):
    return parts[0] if len(parts) == 1 else z3.Union(*parts)


def sequence(parts):
    if not parts:
        return z3.Re("")
    return parts[0] if len(parts) == 1 else z3.Concat(*parts)


def either_case(text):
    """Returns the expression of the texts that are equal except for upper and lower case."""
    cases = [sorted({one, one.lower(), one.upper()}) for one in text]
    return sequence([union([z3.Re(one) for one in some if len(one) == 1]) for some in cases])


def expression(parts, folded=False, wildcards=True, star=ANY_TEXT, question=ANY_CHARACTER):
    """Returns the regular expression of a text without variables."""
    pieces = []
    for part in parts:
        text = {"star": "*", "question": "?"}.get(part[0]) or part[1]
        if part[0] == "text" or not wildcards:
            pieces.append(either_case(text) if folded else z3.Re(z3.StringVal(text)))
        else:
            pieces.append(star if part[0] == "star" else question)
    return sequence(pieces)


def glob(text):
    """Returns the expression of a pattern with the wildcards `*` and `?`."""
    marks = {"*": ("star",), "?": ("question",)}
    return expression([marks.get(one, ("text", one)) for one in text])


def split_components(parts):
    """Splits the pattern of an ARN at its first five colons."""
    components = [[]]
    for part in parts:
        if part[0] != "text":
            components[-1].append(part)
            continue
        pieces = part[1].split(":")
        rest = 6 - len(components)
        pieces = pieces[:rest] + ([":".join(pieces[rest:])] if len(pieces) > rest else [])
        for number, piece in enumerate(pieces):
            if number:
                components.append([])
            components[-1].append(("text", piece))
    return components


def arn_expression(parts):
    """Returns the expression of an ARN pattern, or None if it has fewer than six components."""
    components = split_components(parts)
    if len(components) != 6:
        return None
    star = z3.Star(NOT_COLON)
    pieces = []
    for component in components[:5]:
        pieces += [expression(component, star=star, question=NOT_COLON), z3.Re(":")]
    return sequence(pieces + [expression(components[5])])


class Request:
    """The terms of a request, concrete or symbolic."""

    def __init__(self, action, resource, keys):
        self.action = action
        self.resource = resource
        self.keys = keys

    def key(self, name):
        return self.keys.get(name) or Key("text", [])

    def fill(self, parts):
        """Replaces variables by constants, or by terms. Returns the condition that all have a value, and the parts."""
        filled, conditions = [], []
        for part in parts:
            if part[0] != "variable":
                filled.append(part)
                continue
            _, name, default = part
            key = self.key(name)
            if key.kind != "text" or len(key.slots) > 1 or name in MULTIVALUED:
                raise Unsupported("a variable with several values or of another type")
            if not key.slots:
                conditions.append(TRUE if default is not None else FALSE)
                filled.append(("text", default or ""))
                continue
            slot = key.slots[0]
            if default is None:
                conditions.append(slot.used)
                term = slot.term
            else:
                term = z3.simplify(z3.If(slot.used, slot.term, z3.StringVal(default)))
            constant = z3.is_string_value(term)
            filled.append(("text", term.as_string()) if constant else ("term", term))
        return z3.And(conditions) if conditions else TRUE, filled

    def matches(self, parts, term, kind):
        """Returns the formula that a text matches a template."""
        defined, filled = self.fill(parts)
        if any(part[0] == "term" for part in filled):
            return conjunction([both(defined), both(match_terms(filled, term, kind))])
        if kind == "arn":
            wanted = arn_expression(filled)
            if wanted is None:
                return UNDOCUMENTED
        else:
            wanted = expression(filled, folded=kind == "folded", wildcards=kind == "glob")
        return conjunction([both(defined), both(z3.InRe(term, wanted))])


def join_terms(terms):
    """Returns the concatenation of terms."""
    if not terms:
        return z3.StringVal("")
    return terms[0] if len(terms) == 1 else z3.Concat(*terms)


def match_terms(parts, term, kind):
    """Returns the formula that a text matches a template with symbolic variables, without quantifiers."""
    if kind not in ("text", "glob") or any(part[0] == "question" for part in parts):
        raise Unsupported("a variable of this kind")
    segments = [[]]
    for part in parts:
        if part[0] == "star" and kind == "glob":
            segments.append([])
        else:
            segments[-1].append(z3.StringVal("*") if part[0] == "star" else part[1])
    texts = [join_terms([z3.StringVal(one) if isinstance(one, str) else one for one in some]) for some in segments]
    if len(texts) == 1:
        return term == texts[0]
    first, *middle, last = texts
    end = z3.Length(first)
    formulas = [z3.PrefixOf(first, term), z3.SuffixOf(last, term)]
    # The leftmost place of each segment is always right.
    for segment in middle:
        place = z3.IndexOf(term, segment, end)
        formulas.append(place >= 0)
        end = place + z3.Length(segment)
    return z3.And(formulas + [z3.Length(term) >= end + z3.Length(last)])


def parse_date(text):
    """Returns seconds since 1970."""
    if text.lstrip("-").isdigit():
        return int(text)
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp())


def address_number(address):
    """Returns an address as a number of 129 bits, whose first bit is 1 for IPv6."""
    return z3.BitVecVal(int(address) + (1 << 128 if address.version == 6 else 0), 129)


def in_range(term, text):
    """Returns the formula that an address is in a range."""
    network = ipaddress.ip_network(text, strict=False)
    first, last = address_number(network[0]), address_number(network[-1])
    return z3.And(z3.UGE(term, first), z3.ULE(term, last))


def ordered(term, order, limit):
    return {
        "equals": term == limit,
        "lessthan": term < limit,
        "lessthanequals": term <= limit,
        "greaterthan": term > limit,
        "greaterthanequals": term >= limit,
    }[order]


def value_matches(condition, request, term):
    """Returns the formula that a value matches one of the values of a condition."""
    all = []
    for written, parts in zip(condition.written, condition.templates):
        if condition.kind in ("text", "folded", "glob", "arn"):
            all.append(request.matches(parts, term, condition.kind))
        elif condition.kind == "bool":
            all.append(request.matches(parts, term, "folded"))
        elif condition.kind == "number":
            limit = z3.RealVal(str(fractions.Fraction(written)))
            all.append(both(ordered(term, condition.order, limit)))
        elif condition.kind == "date":
            all.append(both(ordered(term, condition.order, z3.IntVal(parse_date(written)))))
        else:
            all.append(both(in_range(term, written)))
    return disjunction(all)


def condition_holds(condition, request):
    """Returns the formula that a condition is true."""
    key = request.key(condition.key)
    present = key.present()
    if condition.kind == "null":
        wanted = [z3.Not(present) if text.lower() == "true" else present for text in condition.written]
        return both(z3.Or(wanted))
    absent_result = condition.if_exists or condition.quantifier == "forallvalues"
    if not condition.quantifier:
        absent_result = absent_result or condition.negated
    holds = []
    for slot in key.slots:
        pair = value_matches(condition, request, slot.term)
        holds.append((slot, negation(pair) if condition.negated else pair))
    if condition.quantifier == "forallvalues":
        some = conjunction(disjunction([both(z3.Not(slot.used)), pair]) for slot, pair in holds)
    else:
        some = disjunction(conjunction([both(slot.used), pair]) for slot, pair in holds)
    if not condition.quantifier and (condition.key in MULTIVALUED or len(key.slots) > 1):
        # AWS requires a set operator for several values, and documents no result without.
        some = UNDOCUMENTED
    absent = both(TRUE if absent_result else FALSE)
    return disjunction([conjunction([both(present), some]), conjunction([both(z3.Not(present)), absent])])


def is_in_list(templates, negated, request, term):
    """Returns the formula that an action or a resource is in a list."""
    if templates is None:
        return both(TRUE)
    found = disjunction(request.matches(parts, term, "glob") for parts in templates)
    return negation(found) if negated else found


def applies(statement, request, includes_caller):
    """Returns the formula that a statement applies."""
    parts = [
        includes_caller(statement),
        is_in_list(statement.actions, statement.not_actions, request, request.action),
        is_in_list(statement.resources, statement.not_resources, request, request.resource),
    ]
    return conjunction(parts + [condition_holds(one, request) for one in statement.conditions])


def effects(statements, request, includes_caller):
    """Returns the formulas that a statement denies, and that a statement allows."""
    denies = disjunction(applies(one, request, includes_caller) for one in statements if not one.allows)
    allows = disjunction(applies(one, request, includes_caller) for one in statements if one.allows)
    return denies, allows
