"""``python -m service.cli`` is the ``halowatch`` command of this interpreter."""

from service.cli import main

main(prog_name="halowatch")
