"""Appends to a ledger until its numbers run out or it is killed; prints each entry's id once it is recorded.

python append_worker.py DATABASE FIRST_NUMBER COUNT THREADS
"""

import sys
import threading

from ledger_sample import DOCUMENTS, body

from audit.ledger import Ledger
from audit.store import Store


def main(database: str, first: int, count: int, threads: int) -> None:
    ledger = Ledger(Store(f"sqlite:///{database}", busy_seconds=20))
    printing = threading.Lock()

    def work(start: int) -> None:
        for number in range(start, first + count, threads):
            receipt = ledger.append(body(number), DOCUMENTS)
            with printing:
                print(receipt.seq, receipt.entry_id, receipt.hash, flush=True)

    running = [threading.Thread(target=work, args=(first + part,)) for part in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:]))
