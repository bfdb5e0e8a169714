"""Opens a report of a run with embeddings in a headless Chromium, in windows of 400 and 1400 pixels, and
takes screenshots, light and dark.

    python check_report.py report.html FOLDER-FOR-SCREENSHOTS

Fails where the page is wider than its window, where something says so on the console, and where charts,
headings, labels for screen readers or the map's texts are missing. Needs `chromium` on the PATH and nothing else.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTHS = [400, 1400]

# As Chromium numbers them.
SCHEMES = {"light": 1, "dark": 0}

# The report itself may run no script, so a page around it looks into it.
AROUND = """<!doctype html><meta charset="utf-8"><iframe id="report" src="REPORT"
style="border:0;width:WIDTHpx;height:900px"></iframe><pre id="found"></pre><script>
document.getElementById("report").onload = event => {
  const page = event.target.contentDocument;
  const all = selector => [...page.querySelectorAll(selector)];
  all("details").forEach(details => details.open = true);
  const width = page.documentElement.clientWidth;
  const wide = all("body *").filter(element =>
    element.getBoundingClientRect().right > width + 1 && !element.closest(".scroll, pre, .skip"));
  document.getElementById("found").textContent = JSON.stringify({
    width, scroll: page.documentElement.scrollWidth,
    wide: wide.slice(0, 5).map(element => element.outerHTML.slice(0, 120)),
    charts: all(".chart svg").length,
    maps: all(".maps svg").length,
    texts: all(".maps circle > title").length,
    unnamed: all("[role=img]:not([aria-label]), [role=region]:not([aria-label]), table:not(:has(caption))").length,
    headings: all("h1, h2").map(heading => heading.textContent),
  });
};
</script>"""


def chromium(*arguments):
    with tempfile.TemporaryDirectory() as profile:
        command = [
            shutil.which("chromium") or sys.exit("chromium is not on the PATH"),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            *arguments,
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def check(report, folder, width):
    around = folder / f"around-{width}.html"
    around.write_text(AROUND.replace("REPORT", report.as_uri()).replace("WIDTH", str(width)))
    ran = chromium("--virtual-time-budget=5000", "--dump-dom", around.as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', ran.stdout, re.S)[1]
    found = json.loads(html.unescape(found))
    console = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    print(f"{width} pixels: {found['charts']} charts, {len(found['headings'])} headings")
    assert not console, console
    assert found["scroll"] <= found["width"], f"wider than its window: {found}"
    assert not found["wide"], f"parts stick out: {found['wide']}"
    assert found["charts"] >= 5, found
    assert found["maps"] and found["texts"], "there is no map of the embeddings"
    assert found["unnamed"] == 0, found
    light, dark = (taken(report, folder, width, scheme) for scheme in SCHEMES)
    assert light != dark, "light and dark look the same"


def taken(report, folder, width, scheme):
    screenshot = folder / f"report-{width}-{scheme}.png"
    chromium(
        f"--screenshot={screenshot}",
        f"--window-size={width},{7000 if width > 800 else 10000}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        "--hide-scrollbars",
        report.as_uri(),
    )
    picture = screenshot.read_bytes()
    assert len(picture) > 10_000, "the screenshot is empty"
    return picture


def main():
    report, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        check(report, folder, width)


main()
