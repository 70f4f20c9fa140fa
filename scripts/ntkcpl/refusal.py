"""What cannot be used is refused in sentences that people read to their end."""

LONGEST = 300  # characters of a sentence


class Refusal(Exception):
    """Something cannot be used; the message is one sentence naming it and the fix.

    It has `LONGEST` characters at most: of a longer one, as names and other libraries' words may
    make it, the middle is left out.
    """

    def __init__(self, sentence: str):
        super().__init__(fitting(sentence))


def fitting(sentence: str) -> str:
    """Return a sentence of at most `LONGEST` characters: whole, or without its middle."""
    if len(sentence) <= LONGEST:
        return sentence
    last = LONGEST // 3
    return f"{sentence[: LONGEST - last - 1]}…{sentence[-last:]}"
