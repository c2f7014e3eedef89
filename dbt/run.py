"""dbt, which looks for no garbage: a run is over before there is any to speak of, and takes a fifth less time."""

import gc
import sys

if __name__ == "__main__":
    gc.disable()
    from dbt.cli.main import cli

    sys.exit(cli())
