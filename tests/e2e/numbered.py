"""Pictures that show their number, from 1, in white and black blocks above a stripe of noise: each is coded as a picture
of some size, and one that is put together of several shows a number that is wrong. Black is 0."""

import harness

BLOCK = 32
BITS = 10
WIDTH = BLOCK * BITS
HEIGHT = BLOCK + 16
SIZE = f"{WIDTH}x{HEIGHT}"
# For ffmpeg, of a source of that size.
NUMBERED = ["-vf", f"geq=lum='if(lt(Y,{BLOCK}),16+219*mod(floor((N+1)/pow(2,floor(X/{BLOCK}))),2),64+128*random(1))'"
                   ":cb=128:cr=128"]


def number_of(picture):
    """None: no number can be read."""
    levels = [picture[BLOCK // 2 * WIDTH + bit * BLOCK + BLOCK // 2] for bit in range(BITS)]
    if any(60 <= level <= 190 for level in levels):
        return None
    return sum(1 << bit for bit, level in enumerate(levels) if level > 190)


def numbers(path):
    """What the pictures of a film show, as ffmpeg decodes it."""
    raw = harness.run(["ffmpeg", "-nostdin", "-v", "error", "-threads", "1", "-i", path, "-fps_mode", "passthrough",
                       "-pix_fmt", "gray", "-f", "rawvideo", "-"], text=False).stdout
    size = WIDTH * HEIGHT
    return [number_of(raw[at:at + size]) for at in range(0, len(raw), size)]
