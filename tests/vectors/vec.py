"""What the generators share: made-up but fixed bytes, and the format that vec.h reads."""
import hashlib
import pathlib

HERE = pathlib.Path(__file__).parent


def fixed(label, n):
    """n bytes that look random and are the same every time."""
    return hashlib.shake_256(label.encode()).digest(n)


def write(name, head, rows):
    """rows: dictionaries; bytes become hex."""
    lines = ["# " + line for line in head]
    for row in rows:
        lines.append("")
        for key, value in row.items():
            lines.append(f"{key} = {value.hex() if isinstance(value, bytes) else value}")
    (HERE / name).write_text("\n".join(lines) + "\n")
