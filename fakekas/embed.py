"""Turns a text file into a C string: embed.py NAME INPUT OUTPUT."""
import sys

name, source, target = sys.argv[1:]
with open(source, encoding="utf-8") as f:
    lines = f.read().splitlines(keepends=True)
with open(target, "w", encoding="ascii") as out:
    out.write('extern const char %s[];\nconst char %s[] =\n' % (name, name))
    for line in lines or [""]:
        # A JSON string without escapes for non-ASCII is written byte by byte: C has no \u in every position.
        text = "".join(c if " " <= c <= "~" and c not in '"\\?' else "".join("\\%03o" % b for b in c.encode())
                       for c in line)
        out.write('    "%s"\n' % text)
    out.write(";\n")
