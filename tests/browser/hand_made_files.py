"""The files of the sandbox that steer hand_made.py, which only the page's program may import."""

WAIT = "sandbox/hand-made-wait"
FAIL = "sandbox/hand-made-fail"
HOSTILE = "sandbox/hand-made-hostile"
REAL = "sandbox/hand-made-not"
