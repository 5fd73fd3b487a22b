"""Compares the answers of evenkeel-iam with those of the solver Z3.

The wheels are not needed for the tests of the crate, except an ignored one:

    ORACLE_PYTHON=python cargo test --release -p evenkeel-iam --test oracle -- --ignored

Usage:

    pip install --require-hashes -r iam/oracle/requirements.txt
    ORACLE_PAIRS=100000 ORACLE_EXPORT=/tmp/pairs.jsonl cargo test --release -p evenkeel-iam --test oracle
    python iam/oracle/second_opinion.py /tmp/pairs.jsonl

The file has a line for each pair of a document and a request, with the decision, and for each question about access,
with the answer. The script exits with 1 if an answer disagrees.
"""

import argparse
import collections
import fractions
import ipaddress
import json
import multiprocessing
import sys
import time

import z3

from callers import Caller, Facts
from encoding import Key, Request, Slot, Unsupported, address_number, arn_expression, effects, glob, parse_date
from policy_language import MULTIVALUED, read_document, split_template

# The most values of a key with several values: more are never needed by the conditions of the documents.
MOST_VALUES = 4
SORTS = {
    "text": z3.StringSort(),
    "number": z3.RealSort(),
    "date": z3.IntSort(),
    "address": z3.BitVecSort(129),
}
# Patterns of the actions of Amazon S3 on objects, and of the exceptions (Service Authorization Reference).
OBJECT_ACTIONS = [
    "s3:*object*", "s3:abortmultipartupload", "s3:bypassgovernanceretention", "s3:initiatereplication",
    "s3:listmultipartuploadparts", "s3:replicatedelete", "s3:replicatetags",
]
BUCKET_ACTIONS = ["s3:*bucketobjectlockconfiguration", "s3:*forobjectlambda"]


def key_kinds(statements):
    """Returns the kind of each key that the conditions and the variables name."""
    kinds = {}
    for statement in statements:
        templates = list(statement.resources or [])
        for condition in statement.conditions:
            templates += condition.templates
            kind = condition.kind if condition.kind in ("number", "date", "address") else "text"
            if condition.kind == "null":
                kinds.setdefault(condition.key, set())
            else:
                kinds.setdefault(condition.key, set()).add(kind)
        for part in (part for parts in templates for part in parts):
            if part[0] == "variable":
                kinds.setdefault(part[1], set()).add("text")
    if any(len(some) > 1 for some in kinds.values()):
        raise Unsupported("a key with conditions of several types")
    return {key: (min(some) if some else "text") for key, some in kinds.items()}


def constant(kind, text):
    """Returns a value of a request as a constant."""
    if kind == "number":
        return z3.RealVal(str(fractions.Fraction(text)))
    if kind == "date":
        return z3.IntVal(parse_date(text))
    if kind == "address":
        return address_number(ipaddress.ip_address(text))
    return z3.StringVal(text)


def decide(document, given):
    """Decides a request by a document."""
    statements = read_document(document)
    kinds = key_kinds(statements)
    context = {
        name: Key(kinds[name], [Slot(z3.BoolVal(True), constant(kinds[name], one)) for one in values])
        for name, values in given["context"].items()
        if name in kinds
    }
    kind, name = given["caller"]["kind"], given["caller"]["name"]
    caller = Caller(kind, name, name.split(":")[4] if kind == "identity" else None)
    request = Request(z3.StringVal(given["action"].lower()), z3.StringVal(given["resource"]), context)
    denies, allows = effects(statements, request, caller.includes)
    denies, allows = [[truth(one) for one in pair] for pair in (denies, allows)]
    if denies[0]:
        return "explicitly denied"
    if denies[1] or allows[0] != allows[1]:
        return "unknown"
    return "allowed" if allows[0] else "implicitly denied"


def truth(formula):
    """Returns the truth of a formula without variables."""
    simple = z3.simplify(formula)
    if z3.is_true(simple) or z3.is_false(simple):
        return z3.is_true(simple)
    solver = z3.Solver()
    solver.add(simple)
    return solver.check() == z3.sat


def service_rules(action, resource, service):
    """Returns the formulas that the action is possible on the resource."""
    yield z3.InRe(action, glob(f"{service}:?*"))
    if service == "sts":
        # The actions of AWS STS are on roles.
        yield z3.InRe(resource, arn_expression(split_template("arn:*:iam::*:role/?*", False)))
        return
    yield z3.InRe(resource, arn_expression(split_template(f"arn:*:{service}:*:*:*", False)))
    if service == "s3":
        is_object = z3.Or(
            z3.InRe(resource, glob("arn:*:s3:::*/*")), z3.InRe(resource, glob("arn:*:s3:*:*:accesspoint/*/object/*")))
        on_objects = z3.And(
            z3.Or([z3.InRe(action, glob(one)) for one in OBJECT_ACTIONS]),
            z3.Not(z3.Or([z3.InRe(action, glob(one)) for one in BUCKET_ACTIONS])))
        yield is_object == on_objects


def pattern_term(name, pattern):
    """Returns a term for the texts that match a pattern: a constant if there is only one."""
    return z3.String(name) if "*" in pattern or "?" in pattern else z3.StringVal(pattern)


def search(line, timeout):
    """Answers whether a document grants access: yes, no, undocumented or timeout."""
    statements = read_document(line["document"])
    facts = Facts(line["grantee"])
    keys = {}
    for name, kind in key_kinds(statements).items():
        slots = []
        for number in range(MOST_VALUES if name in MULTIVALUED or name == "custom:labels" else 1):
            label = f"{name} {number}"
            slots.append(Slot(z3.Bool(f"has {label}"), z3.Const(label, SORTS[kind])))
        keys[name] = Key(kind, slots)
        facts.add_key(name, keys[name])
    action, resource = pattern_term("action", line["action"].lower()), pattern_term("resource", line["resource"])
    request = Request(action, resource, keys)
    denies, allows = effects(statements, request, facts.caller().includes)
    common = facts.constraints + list(service_rules(action, resource, line["action"].split(":")[0]))
    common += [z3.InRe(action, glob(line["action"].lower())), z3.InRe(resource, glob(line["resource"]))]
    certain = check(common + [allows[0], z3.Not(denies[1])], timeout)
    if certain == z3.sat:
        return "yes"
    possible = check(common + [allows[1], z3.Not(denies[0])], timeout)
    if possible == z3.unsat:
        return "no"
    return "timeout" if z3.unknown in (certain, possible) else "undocumented"


def check(formulas, timeout):
    solver = z3.Solver()
    solver.set("timeout", timeout)
    solver.add([z3.simplify(one) for one in formulas])
    return solver.check()


def compare_line(job):
    """Returns a line with the second opinion about it."""
    text, timeout = job
    line = json.loads(text)
    try:
        if "request" in line:
            return line, decide(line["document"], line["request"])
        return line, search(line, timeout)
    except Unsupported:
        return line, "unsupported"


def outcome(line, second):
    """Returns how two answers compare."""
    first = line.get("decision") or line["answer"]
    if second in ("unsupported", "timeout"):
        return second
    if second in ("unknown", "undocumented"):
        return "not documented, " + ("and unknown" if first == "unknown" else "but answered")
    if first == "unknown":
        return "documented, but unknown"
    return "agree" if first == second else "DISAGREE"


def main():
    parser = argparse.ArgumentParser(description="Compares the answers of evenkeel-iam with those of Z3.")
    parser.add_argument("file", help="the file that the oracle has exported")
    parser.add_argument("--only", choices=["pairs", "questions"], help="compare only these lines")
    parser.add_argument("--limit", type=int, help="the number of lines")
    parser.add_argument("--timeout", type=int, default=2000, help="the time for a question, in milliseconds")
    parser.add_argument("--jobs", type=int, default=1, help="the number of processes")
    parser.add_argument("--show", type=int, default=20, help="the number of disagreements to show")
    options = parser.parse_args()
    with open(options.file, encoding="utf-8") as lines:
        chosen = [one for one in lines if options.only is None or ('"request":' in one) == (options.only == "pairs")]
    chosen = chosen[: options.limit]
    counts = collections.Counter()
    start = time.monotonic()
    with multiprocessing.Pool(options.jobs, maxtasksperchild=5000) as pool:
        for line, second in pool.imap(compare_line, ((one, options.timeout) for one in chosen), chunksize=50):
            kind = "pairs" if "request" in line else "questions"
            result = outcome(line, second)
            counts[kind, result] += 1
            if result == "DISAGREE" and counts[kind, result] <= options.show:
                print(json.dumps(line | {"second": second}))
    for (kind, result), count in sorted(counts.items()):
        print(f"{kind}: {count} {result}")
    print(f"{len(chosen)} lines in {time.monotonic() - start:.0f} s")
    return any(result == "DISAGREE" for _, result in counts)


if __name__ == "__main__":
    sys.exit(main())
