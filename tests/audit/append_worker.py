"""A process for the tests to kill: appends from several threads, orders and signs at a fast beat, until it dies.

    python append_worker.py URL OUTPUT FIRST THREADS BEAT

Writes a line to the file OUTPUT for each thing that was promised, after it was: `entry <id> <leaf hash>` for an
acknowledged entry, `checkpoint <size> <root>`, and `failed <message>` for what was refused. Subjects begin with the
number FIRST. BEAT are the seconds between two checkpoints, 0 for none.
"""

import itertools
import os
import sys
import threading
import time

from ledgers import CONTACT, DOCUMENTS, OFFER, decision, make_ledger

from ordain.engine.errors import OrdainError


def main(url: str, output: str, first: int, threads: int, beat: float) -> None:
    told = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    use = make_ledger(url, busy_seconds=20, seconds=20)

    def tell(*words: object) -> None:
        os.write(told, (" ".join(map(str, words)) + "\n").encode())

    def append(thread: int) -> None:
        for number in itertools.count():
            # Some subjects again and again, some once; some entries with a text that is not kept yet.
            subject = first + (number % 7 if number % 2 else number * threads + thread)
            under = (OFFER, CONTACT) if number > 5 else (OFFER,)
            try:
                receipt = use.ledger.append(decision(subject, under=under), DOCUMENTS)
            except OrdainError as error:
                tell("failed", error.message)
            else:
                tell("entry", receipt.entry_id, receipt.leaf_hash)

    def settle() -> None:
        while True:
            try:
                if checkpoint := use.settle():
                    tell("checkpoint", checkpoint.size, checkpoint.root.hex())
            except OrdainError as error:
                tell("failed", error.message)
            time.sleep(beat)

    running = [threading.Thread(target=append, args=(thread,)) for thread in range(threads)]
    running += [threading.Thread(target=settle)] if beat else []
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
