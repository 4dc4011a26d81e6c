"""Opens a report in headless Chromium and tells how long that takes: open.py REPORT.html [TIMES]"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import browser  # noqa: E402


def main(page_file, times=5):
    file = pathlib.Path(page_file).resolve()
    loads, readies = [], []
    for _ in range(times):
        with browser.Page(file.as_uri()) as page:
            loads.append(page.seconds)
            # From the start of the page to when its texts are unpacked and the first answers shown.
            readies.append(page.run("ready.then(() => performance.now() / 1000)"))
            heap = page.run("performance.memory.usedJSHeapSize / 1048576")
            if page.problems:
                raise SystemExit(f"the console has problems: {page.problems}")
    print(f"{file.stat().st_size} bytes; {times} times: loaded in {min(loads):.2f} to {max(loads):.2f} s, answers shown after "
          f"{min(readies):.2f} to {max(readies):.2f} s, JavaScript heap {heap:.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
