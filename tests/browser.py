"""Pages as a browser shows them: what is too wide, overlaps, or fails to load."""

import json
import re
import shutil
import subprocess

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Without a window, and without anything that goes to the network by itself.
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--hide-scrollbars"),
    *("--disable-component-update", "--disable-sync", "--enable-logging=stderr"),
    "--allow-file-access-from-files",
)
# Shows one page after the other in a frame of some width, and writes down what a reader
# would meet.
_FRAME = """<!doctype html><title>waiting</title><body style="margin:0">
<iframe style="border:0;width:{width}px;height:2000px;color-scheme:{scheme}"></iframe>
<script>
const frame = document.querySelector("iframe"), pages = {pages}, found = [];

function look() {{
  const page = frame.contentDocument, view = frame.contentWindow, root = page.body;
  const styles = new Map();
  const style = element => {{
    if (!styles.has(element)) styles.set(element, view.getComputedStyle(element));
    return styles.get(element);
  }};
  // What is left of a box inside of all that scrolls or hides around it.
  const visible = (box, element) => {{
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
    for (let e = element; e && e !== root; e = e.parentElement) {{
      const s = style(e);
      if (s.display === "none" || s.visibility === "hidden" || s.opacity === "0"
          || s.position === "fixed" || s.position === "sticky") return null;
      if (s.overflowX !== "visible" || s.overflowY !== "visible") {{
        const clip = e.getBoundingClientRect();
        left = Math.max(left, clip.left); right = Math.min(right, clip.right);
        top = Math.max(top, clip.top); bottom = Math.min(bottom, clip.bottom);
      }}
    }}
    return right - left > 1 && bottom - top > 1 ? [left, top, right, bottom] : null;
  }};
  const boxes = [];
  const walker = page.createTreeWalker(root, 4);
  while (walker.nextNode()) {{
    const text = walker.currentNode, parent = text.parentElement;
    if (!text.data.trim() || parent.closest("script, style, math, svg")) continue;
    const range = page.createRange();
    range.selectNodeContents(text);
    for (const rect of range.getClientRects()) {{
      const box = visible(rect, parent);
      if (box) boxes.push([...box, text.data.trim().slice(0, 40), text]);
    }}
  }}
  boxes.sort((a, b) => a[1] - b[1]);
  const overlaps = [];
  boxes.forEach((a, i) => {{
    for (let j = i + 1; j < boxes.length && boxes[j][1] < a[3]; j++) {{
      const b = boxes[j];
      const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
      const high = Math.min(a[3], b[3]) - b[1];
      // Lines of text stand closer than their boxes are high; a text that is cut with
      // an ellipsis reports the boxes of what was cut.
      if (a[5] !== b[5] && wide > 2 && high > 0.5 * Math.min(a[3] - a[1], b[3] - b[1]))
        overlaps.push([a[4], b[4]]);
    }}
  }});
  return {{
    width: page.documentElement.scrollWidth,
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
    texts: boxes.length,
    overlaps: overlaps.slice(0, 5),
    broken: [...page.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src),
  }};
}}

frame.onload = () => setTimeout(() => {{
  found.push(look());
  if (found.length < pages.length) frame.src = pages[found.length];
  else document.title = JSON.stringify(found);
}}, 50);
frame.src = pages[0];
</script>"""


def find_browser() -> str:
    """Return a browser, or skip the test."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser found: {', '.join(BROWSERS)}")
    return browser


def look_at(pages, width, scheme, folder):
    """Return what is seen of each page, and what the console says."""
    frame = folder / "frame.html"
    frame.write_text(
        _FRAME.format(
            width=width, scheme=scheme, pages=json.dumps([p.as_uri() for p in pages])
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            *(find_browser(), *OPTIONS, f"--user-data-dir={folder / 'profile'}"),
            f"--virtual-time-budget={2000 * len(pages) + 5000}",
            *("--window-size=1400,2200", "--dump-dom", frame.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None, done.stderr
    seen = json.loads(title[1].replace("&lt;", "<").replace("&amp;", "&"))
    assert len(seen) == len(pages)
    return seen, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
