# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium with one page open, and what a person does and sees in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHECKOUT = Path(__file__).resolve().parents[2]
AXE = CHECKOUT / ".ansible/browser/node_modules/axe-core/axe.min.js"
WIDE, PHONE = 1280, 390
HEIGHT = 900
# Seconds after which something that has to happen is taken not to.
PATIENCE = 30
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)
_ROWS = "return [...document.querySelectorAll(arguments[0])].map(row => [...row.cells].map(cell => cell.innerText))"
_TEXTS = "return [...document.querySelectorAll(arguments[0])].map(one => one.innerText)"
# The size of what a finger has to hit is no rule of axe-core's own choice.
_AXE = """
const done = arguments[0];
axe.run(document, {rules: {"target-size": {enabled: true}}, resultTypes: ["violations", "incomplete"]}).then(done);
"""


class Chromium:
    """The browser. It is told how wide it is, which colours and which clock its reader has, when a page is opened."""

    def __init__(self, profile: Path) -> None:
        options = Options()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self._driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self._address = ""

    def quit(self) -> None:
        """End the browser."""
        self._driver.quit()

    def open(
        self, path: Path, *, width: int = WIDE, dark: bool = False, paper: bool = False, script: bool = True,
        zone: str = "UTC", scale: float = 1,
    ) -> None:  # fmt: skip
        """Open a page from disk. paper: as it is printed. script: whether JavaScript is on."""
        metrics = {"width": width, "height": HEIGHT, "deviceScaleFactor": scale, "mobile": width < 600}
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            # So that nothing is still on its way when it is clicked.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.tell("Emulation.setDeviceMetricsOverride", **metrics)
        self.tell("Emulation.setEmulatedMedia", media="print" if paper else "screen", features=features)
        self.tell("Emulation.setScriptExecutionDisabled", value=not script)
        self.tell("Emulation.setTimezoneOverride", timezoneId=zone)
        self.tell("Emulation.setLocaleOverride", locale="en-US")
        self._address = path.as_uri()
        self._driver.get(self._address)

    def tell(self, command: str, **members: Any) -> Any:
        """Give a command of the DevTools protocol."""
        return self._driver.execute_cdp_cmd(command, members)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page; gives what it returns."""
        return self._driver.execute_script(script, *arguments)

    def wait(self, script: str) -> None:
        """Wait until a script gives something true."""
        WebDriverWait(self._driver, PATIENCE).until(lambda driver: driver.execute_script(script))

    def console(self) -> list[str]:
        """What the console of the page has said since the last call."""
        return [f"{entry['level']}: {entry['message']}" for entry in self._driver.get_log("browser")]

    def fetched(self) -> set[str]:
        """What the page has fetched besides itself since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance")]
        asked = [one["params"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        # Chromium itself fetches the page of a new tab; what the page fetches carries its address.
        return {
            one["request"]["url"]
            for one in asked
            if one["documentURL"].partition("#")[0] == self._address and one["request"]["url"] != self._address
        }

    def violations(self, *, undecided: bool = False) -> list[str]:
        """What axe-core has to say against the page as it stands. undecided: with what it cannot tell, too."""
        # Not by a script element, which the policy of the page would refuse.
        self.tell("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        found = self._driver.execute_async_script(_AXE)
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in (*found["violations"], *(found["incomplete"] if undecided else ()))
            for node in one["nodes"]
        ]

    def find(self, selector: str) -> WebElement:
        """The first element that fits."""
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def count(self, selector: str) -> int:
        """How many elements fit."""
        return int(self.run("return document.querySelectorAll(arguments[0]).length", selector))

    def shown(self, selector: str) -> bool:
        """Whether there is such an element, and it is to be seen."""
        return any(one.is_displayed() for one in self._driver.find_elements(By.CSS_SELECTOR, selector))

    def text(self, selector: str) -> str:
        """The text of the first element that fits, as it is shown."""
        return str(self.find(selector).text)

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that fit."""
        return [" ".join(text.split()) for text in self.run(_TEXTS, selector)]

    def rows(self, table: str) -> list[list[str]]:
        """The cells of the body of a table, as they are shown."""
        return [[" ".join(cell.split()) for cell in row] for row in self.run(_ROWS, f"{table} > tbody > tr")]

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        ActionChains(self._driver).send_keys(*keys).perform()

    def focused(self) -> WebElement:
        """The element with the focus."""
        return self._driver.switch_to.active_element

    def picture(self, width: int, height: int) -> str:
        """The top of the page as a PNG in Base64."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        taken = self.tell("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return str(taken["data"])
