#!/opt/mxverdict/venv/bin/python -I
import sys

sys.path.insert(0, "/opt/mxverdict/plugin")

try:
    from mxverdict.web.entry import main
except ImportError as error:
    print(f"Status: 500\r\nContent-Type: text/plain\r\n\r\nMX Verdict is not installed completely: {error}")
else:
    main()
