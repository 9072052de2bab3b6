"""Peers in Python for `bench/cases`, which starts this program once for each library and asks it over pipes.

    cases.py LIBRARY      jax | torch | drjit | heyoka | casadi: a module peers_LIBRARY.py beside this file

A line on stdin is a request, a line on stdout its answer, both JSON:
    {"do": "prepare", "row": "8g", "directory": DIR, "threads": 1}    inputs are DIR/NAME.npy; results go to DIR/LIBRARY_VARIANT_OUTPUT.npy
        -> {"variants": [{"name": "jit", "outputs": 2} | {"name": "jit", "failure": "..."}]}
    {"do": "time", "variant": 0, "count": 3, "clock": "wall"}           -> {"seconds": 0.004}

A library's module has variants(row, data, threads): a list of (name, run, outputs), where run() does the work and waits for it,
and outputs(what run returned) is the list of arrays to compare, or None. Start reading at main().
"""

import gc
import importlib
import json
import os
import pathlib
import sys
import time
import traceback

import numpy as np

CLOCKS = {"wall": time.perf_counter, "process": time.process_time}
CORES = sorted(os.sched_getaffinity(0))
WARMED_BELOW = 0.1  # seconds: shorter calls are made untimed once before they are timed, as bench/cases does with its own


def stay_on(cores):
    """Keeps every thread of this process on so many cores: some libraries start more threads than they are told to."""
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), CORES[-cores:])


def prepare(module, library, request):
    stay_on(request["threads"])
    directory = pathlib.Path(request["directory"])
    data = {path.stem: np.load(path) for path in directory.glob("*.npy") if not path.stem.startswith("_")}
    runs, answer = [], []
    for name, run, outputs in module.variants(request["row"], data, request["threads"]):
        try:
            result = run()
            arrays = outputs(result) if outputs else []
            for i, array in enumerate(arrays):
                np.save(directory / f"_{library}_{len(runs)}_{i}.npy", np.array(array, order="C"))
            answer.append({"name": name, "outputs": len(arrays)})
        except Exception as error:  # one variant that a library cannot do is no reason to lose the others
            traceback.print_exc(file=sys.stderr)
            answer.append({"name": name, "failure": repr(error)[:200]})
        runs.append(run)
    return runs, {"variants": answer}


def measure(run, request, last):
    clock = CLOCKS[request["clock"]]
    if hasattr(run, "many"):  # repeats itself, without Python between
        run.many(1)
        start = clock()
        run.many(request["count"])
        return {"seconds": clock() - start}
    if hasattr(run, "seconds"):  # knows itself what is to be timed
        return {"seconds": sum(run.seconds() for _ in range(request["count"]))}
    repeat = range(request["count"])
    if request["count"] > 1 or last < WARMED_BELOW:
        run()
    gc.disable()
    start = clock()
    for _ in repeat:
        run()
    seconds = clock() - start
    gc.enable()
    return {"seconds": seconds}


def main():
    library = sys.argv[1]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to stderr
    module = importlib.import_module(f"peers_{library}")
    print(json.dumps({"ready": library}), file=answers)
    runs, last = [], {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                runs.clear()
                last.clear()
                gc.collect()
                runs, answer = prepare(module, library, request)
            else:
                variant = request["variant"]
                answer = measure(runs[variant], request, last.get(variant, WARMED_BELOW))
                last[variant] = answer["seconds"] / request["count"]
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            answer = {"failure": repr(error)[:200]}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
