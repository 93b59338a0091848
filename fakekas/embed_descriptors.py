"""Turns protoc's descriptor set into C: embed_descriptors.py INPUT OUTPUT. For fakekas/svc_reflection.c."""
import sys


def fields(data):
    """(number, bytes) of each length-delimited field."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            varint()
        elif key & 7 == 2:
            n = varint()
            yield key >> 3, data[at:at + n]
            at += n
        else:
            at += {1: 8, 5: 4}[key & 7]


def one(data, number):
    return next((value.decode() for n, value in fields(data) if n == number), "")


def symbols(data, prefix, nested, enum):
    """Names of the messages and enums in a file (4, 5) or a message (3, 4)."""
    for number, value in fields(data):
        if number not in (nested, enum):
            continue
        name = prefix + one(value, 1)
        yield name
        if number == nested:
            yield from symbols(value, name + ".", 3, 4)


def main(source, target):
    with open(source, "rb") as f:
        files = [value for number, value in fields(f.read()) if number == 1]
    with open(target, "w", encoding="ascii") as out:
        out.write('#include "fakekas/descriptors.h"\n')
        for i, file in enumerate(files):
            rows = [", ".join(str(b) for b in file[at:at + 24]) for at in range(0, len(file), 24)]
            package = one(file, 2)
            names = list(symbols(file, package + "." if package else "", 4, 5))
            out.write("static const unsigned char file%d[] = {%s};\n" % (i, ",\n".join(rows)))
            out.write("static const char *const symbols%d[] = {%s};\n" % (i, ", ".join('"%s"' % n for n in names) + ", 0"))
        out.write("const struct descriptor_file descriptor_files[] = {\n")
        for i, file in enumerate(files):
            out.write('    {"%s", file%d, sizeof(file%d), symbols%d},\n' % (one(file, 1), i, i, i))
        out.write("    {0}};\n")


main(*sys.argv[1:])
