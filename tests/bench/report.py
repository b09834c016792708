# SPDX-License-Identifier: BSD-2-Clause
"""From results to the table, docs/benchmarks.md and bench.json."""

import json
import os
import statistics

import consoles
import rows as catalogue
import sizes

COLUMNS = ["caisson", "kvm", "xen", "bare"]
NAMES = {"user": "caisson, user VM"}


def values_of(name, result, bare):
    """Row name -> number, for one system."""
    values = {row: median for row, (_, median) in result.rows.items()}
    values.update(consoles.derived(values))
    if "console" in result.facts:
        values["console_bytes"] = result.facts["console"]
        values["switch_ratio"] = result.facts["switch ratios"][-1]
    if result.boots:
        values["linux_boot"] = int(statistics.median(count for count, _ in result.boots))
        values["vm_boot"] = result.facts.get("boot since creation", values["linux_boot"])
        if bare and bare.boots:
            base = statistics.median(count for count, _ in bare.boots)
            values["linux_boot_ratio"] = round(values["linux_boot"] / base, 4)
    if "text" in result.facts:
        values["el2_text_bytes"] = result.facts["text"]
    if "kept" in result.facts:
        values["hyp_memory_bytes"] = result.facts["kept"]
    if name in catalogue.QUOTED_LINES:
        values["el2_lines"] = catalogue.QUOTED_LINES[name]
    if "lines" in result.facts:
        values["el2_lines"] = result.facts["lines"]
    return values


def source(row, column):
    """The system whose figure stands in a column."""
    return "user" if row.user and column == "caisson" else column


def collect(results, names):
    """The rows of bench.json."""
    values = {name: values_of(name, result, results.get("bare"))
              for name, result in results.items()}
    rows = []
    for row in catalogue.ROWS:
        if names and row.name not in names:
            continue
        entry = {"name": row.name, "unit": row.unit}
        for column in COLUMNS:
            key = row.user or row.name
            entry[column] = (None if column in row.without
                             else values.get(source(row, column), {}).get(key))
        rows.append(entry)
    return rows


def aim(row, entry):
    """The number to stay at or below, and where it comes from."""
    choices = [(entry[peer], peer) for peer in ("kvm", "xen")
               if entry[peer] is not None and peer not in row.not_same]
    if row.bao is not None and "bao" not in row.not_same:
        choices.append((row.bao, "Bao"))
    if row.goal is not None:
        choices.append((row.goal, "set"))
    return min(choices) if choices else (None, None)


def shown(value, unit):
    if value is None:
        return "-"
    return f"{value:.4f}" if unit == "ratio" else f"{value:,}"


def row_of(entry):
    return next(row for row in catalogue.ROWS if row.name == entry["name"])


def verdict_of(entry):
    own, (limit, _) = entry["caisson"], aim(row_of(entry), entry)
    return "-" if own is None or limit is None else "yes" if own <= limit else "no"


def remarks(rows, whole):
    """What a reader must not miss: aims not met and, of a whole run, figures that are not there."""
    missed = [entry["name"] for entry in rows if verdict_of(entry) == "no"]
    silent = [f"{entry['name']} ({column})" for entry in rows for column in COLUMNS
              if entry[column] is None and column not in row_of(entry).without]
    return ([f"aims missed: {', '.join(missed)}" if missed else "aims: all met"]
            + ([f"no figure: {', '.join(silent)}"] if silent and whole else []))


def line_of(entry):
    """The cells of a row: name, the systems, two ratios, Bao, aim, verdict."""
    row = row_of(entry)
    unit = row.unit
    limit, source = aim(row, entry)
    own = entry["caisson"]

    def against(peer):
        other = entry[peer]
        return "-" if own is None or not other else f"{own / other:.2f}"

    return [row.name, *(shown(entry[column], unit) for column in COLUMNS), against("kvm"),
            against("xen"), shown(row.bao, unit),
            "-" if limit is None else f"{shown(limit, unit)} ({source})", verdict_of(entry)]


HEADINGS = ["row", *COLUMNS, "to kvm", "to xen", "bao*", "aim", "met"]


def table(rows):
    lines = [HEADINGS, *(line_of(entry) for entry in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) if i in (0, 8) else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in lines)


def markdown_table(headings, lines):
    rule = ["---"] + ["---:"] * (len(headings) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [headings, rule, *lines])


def write_json(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"rows": rows}, file, indent=1)
        file.write("\n")


def minimum_lines(results):
    lines = []
    for row in catalogue.ROWS:
        cells = []
        for column in COLUMNS:
            result = results.get(source(row, column))
            pair = result.rows.get(row.user or row.name) if result else None
            cells.append(f"{pair[0]:,} / {pair[1]:,}" if pair and column not in row.without
                         else "-")
        if set(cells) != {"-"}:
            lines.append([row.name, *cells])
    return lines


def boot_lines(results):
    lines = []
    for name in [*COLUMNS, "user"]:
        if name in results and results[name].boots:
            counts = sorted(count for count, _ in results[name].boots)
            clock = int(statistics.median(clock for _, clock in results[name].boots))
            lines.append([NAMES.get(name, name), str(len(counts)), f"{counts[0]:,}", f"{counts[-1]:,}",
                          f"{clock:,}"])
    return lines


def missing_notes(rows):
    notes = []
    for entry in rows:
        row = row_of(entry)
        notes += [f"- `{row.name}`, {system}: {why}."
                  for system, why in row.without.items() if entry[system] is None]
    return notes


def part_lines(parts):
    """A row for each room, and their sum: bytes and lines of each part."""
    rooms = [room for room in sizes.ROOMS if any(key[0] == room for key in parts)]
    lines = []
    for room in [*rooms, "all"]:
        cells = []
        for part in sizes.PARTS:
            values = [value for key, value in parts.items()
                      if key[1] == part and room in (key[0], "all")]
            cells.append(f"{sum(v[0] for v in values):,} / {sum(v[1] for v in values):,}"
                         if values else "-")
        lines.append([room, *cells])
    return lines


def write_docs(path, template, rows, results, versions):
    facts = {name: result.facts for name, result in results.items()}
    with open(template, encoding="utf-8") as file:
        text = file.read()
    text = text.format(
        table=markdown_table(HEADINGS, [line_of(entry) for entry in rows]),
        meaning="\n".join(f"- `{row.name}` ({row.unit}): {row.what}." for row in catalogue.ROWS),
        missing="\n".join(missing_notes(rows)),
        spread=markdown_table(["row", *COLUMNS], minimum_lines(results)),
        boots=markdown_table(["system", "boots", "fewest", "most", "CLOCK_MONOTONIC, ns"],
                             boot_lines(results)),
        versions="\n".join(f"- {line}" for line in versions),
        parts=markdown_table(["bytes / lines", *sizes.PARTS], part_lines(facts["caisson"]["parts"])),
        switches=len(facts["caisson"]["switch ratios"]),
        switch_median=f"{statistics.median(facts['caisson']['switch ratios']):.2f}",
        loader_text=f"{facts['caisson']['loader text']:,}",
        loader_lines=f"{facts['caisson']['loader lines']:,}",
        xen_created=f"{facts['xen']['start since creation']:,}",
        xen_boot_created=f"{facts['xen']['boot since creation']:,}",
        kvm_kernel_text=f"{facts['kvm']['kernel text']:,}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def caisson_sizes(result, build, root):
    elf, loader = (os.path.join(build, path) for path in ("hyp/hyp.elf", "loader/loader.elf"))
    result.facts["text"] = sizes.text_bytes(elf)
    result.facts["lines"] = sizes.el2_lines(elf, build, root)
    result.facts["parts"] = sizes.el2_parts(elf, build, root)
    result.facts["loader text"] = sizes.text_bytes(loader)
    result.facts["loader lines"] = sizes.el2_lines(loader, build, root)
