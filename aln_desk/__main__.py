"""``aln-desk`` and ``python -m aln_desk``."""

from __future__ import annotations

import os
import sys

# Before torch loads: threads that wait by spinning turn seconds into minutes on a computer that is busy otherwise.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main() -> int:
    """Run the command line; an expected error becomes one sentence on stderr and exit code 1."""
    from aln_desk.cli import run
    from aln_desk.domain.errors import AlnError

    try:
        return run(sys.argv[1:])
    except AlnError as error:
        print(f"aln-desk: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"aln-desk: {error.filename or 'a file'}: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
