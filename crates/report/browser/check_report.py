"""Opens a report in a headless Chromium, in windows of 400 and 1400 pixels, and takes screenshots.

    python check_report.py report.html FOLDER-FOR-SCREENSHOTS

Fails where the page is wider than its window, where something says so on the console, and where charts,
headings or labels for screen readers are missing. Needs `chromium` on the PATH and nothing else.
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
    assert found["unnamed"] == 0, found
    screenshot = folder / f"report-{width}.png"
    size = f"--window-size={width},{4000 if width > 800 else 7000}"
    chromium(f"--screenshot={screenshot}", size, "--hide-scrollbars", report.as_uri())
    assert screenshot.stat().st_size > 10_000, "the screenshot is empty"


def main():
    report, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        check(report, folder, width)


main()
