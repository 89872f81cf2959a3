"""What a server said, made fit for logs, errors and events."""

from __future__ import annotations


def one_line(words: str, *, longest: int = 300) -> str:
    """
    Make one line of words, not long and all printable: nothing in it can write lines of its own or steer a terminal.

    :param words: what was said
    :param longest: how many characters are kept
    """
    line = " ".join(words.split())[:longest]
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
