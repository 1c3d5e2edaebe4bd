import DferTimeline
import Foundation

/// The page of the live view, which asks nobody but its own server for anything.
enum LivePage {
  /// What a browser may load for the page: itself.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    + "form-action 'none'; frame-ancestors 'none'"

  static let icon = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f6feb"/>\
    <path d="M6 20c4 0 4-9 8-9s4 12 8 12 3-6 4-6" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>
    """

  static func html(_ info: LiveInfo) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>dfer: \(Quoting.xml(info.source))</title>
    <link rel="icon" href="/icon.svg">
    <link rel="stylesheet" href="/live.css">
    <script src="/live.js" defer></script>
    </head>
    <body>
    <a class="skip" href="#faces">Skip to the faces</a>
    <header>
    <h1><img src="/icon.svg" alt="" width="26" height="26"><span>dfer</span> <small>\(Quoting.xml(info.source))</small></h1>
    <p id="state" role="status" data-state="starting"><i></i><span>connecting</span></p>
    <div class="actions">
    <button id="pause" type="button" aria-keyshortcuts="p" title="Key: P">Pause</button>
    <a class="button" href="/rows.csv" download aria-keyshortcuts="d" title="Key: D" id="download">Download CSV</a>
    </div>
    </header>
    <main>
    <section class="stage" aria-labelledby="stage-title">
    <h2 id="stage-title">Video <small id="clock"></small></h2>
    <div id="frame">
    <img id="picture" alt="">
    <svg id="overlay" aria-hidden="true"></svg>
    <p id="empty">waiting for the first frame</p>
    </div>
    <p class="note">\(info.blur ? "Faces are pixelated. " : "")Shown with a short delay, once boxes are final.</p>
    </section>
    <section class="now" id="faces" aria-labelledby="faces-title" tabindex="-1">
    <h2 id="faces-title">Faces now</h2>
    <div id="cards"></div>
    <p id="nobody" class="note">No face.</p>
    </section>
    <section class="timeline" aria-labelledby="timeline-title">
    <h2 id="timeline-title">Last minute</h2>
    <div id="lanes"></div>
    <div id="axis" aria-hidden="true"></div>
    <ul id="legend" aria-label="Colours"></ul>
    </section>
    <section class="health" aria-labelledby="health-title">
    <h2 id="health-title">Health</h2>
    <p id="pace" class="warning" hidden></p>
    <dl id="numbers"></dl>
    </section>
    <section class="rows" aria-labelledby="rows-title">
    <details>
    <summary id="rows-title">Newest rows</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Newest rows">
    <table><thead><tr><th scope="col">from</th><th scope="col">to</th><th scope="col">face</th><th scope="col">status</th>
    <th scope="col">expression</th><th scope="col">confidence</th></tr></thead><tbody id="table"></tbody></table>
    </div>
    </details>
    </section>
    </main>
    <footer>What faces show, classified automatically and with errors; not what people feel.
    <span>dfer \(Quoting.xml(info.version)), \(Quoting.xml(info.pipeline)).</span></footer>
    <p id="news" class="hidden" aria-live="polite"></p>
    <noscript><p class="warning">This view needs JavaScript. Without it: <a href="/rows.csv">rows as CSV</a>,
    <a href="/metrics">metrics</a>, <a href="/frame.jpg">one frame</a>.</p></noscript>
    </body>
    </html>

    """
  }
}
