"""What can be measured of how a page looks: contrast, width, and what the tab key reaches."""

from __future__ import annotations

from typing import Any, Literal

from playwright.sync_api import Page

# WCAG 2.2, 1.4.3: 4.5 to 1, and 3 to 1 for text of at least 24 px, or 18.66 px in bold.
CONTRAST = """() => {
    const channels = (text) => {
        const [r, g, b, alpha = 1] = text.match(/[\\d.]+/g).map(Number);
        return text.startsWith("color(") ? [r * 255, g * 255, b * 255, alpha] : [r, g, b, alpha];
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
    const linear = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const luminance = (rgb) => rgb.map(linear).reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (element) => {
        const layers = [];
        for (let one = element; one; one = one.parentElement) layers.unshift(channels(getComputedStyle(one).backgroundColor));
        return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const faults = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || element.closest("script, style, svg, :disabled, .disabled, [aria-disabled=true]")) continue;
        if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const { width, height } = range.getBoundingClientRect();
        if (width < 2 || height < 2) continue;
        const style = getComputedStyle(element), below = ground(element);
        const [light, dark] = [over(channels(style.color), below), below].map(luminance).sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05), px = parseFloat(style.fontSize);
        const least = px >= 24 || (px >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
        if (ratio < least) faults.push(`${ratio.toFixed(2)}: ${style.color} on ${below.map(Math.round)}: ${node.data.trim()}`);
    }
    return faults;
}"""
SIDEWAYS = """() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return [];
    const all = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > wide + 1);
    return all.map((one) => one.outerHTML.slice(0, 120));
}"""
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0)
    .map((one, number) => (one.dataset.testReach = number))"""
HERE = """() => {
    const one = document.activeElement, style = getComputedStyle(one), after = getComputedStyle(one, "::after");
    const isOutlined = [style, after].some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2);
    return { number: Number(one.dataset.testReach ?? -1), isOutlined, what: one.outerHTML.slice(0, 100) };
}"""


def contrast_faults(page: Page) -> list[str]:
    """Text that not everybody can read, with its ratio."""
    return list(page.evaluate(CONTRAST))


def assert_fits(page: Page) -> None:
    """Nobody has to scroll sideways."""
    found = page.evaluate(SIDEWAYS)
    assert found == [], found


def assert_readable(page: Page) -> None:
    """In light and in dark."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
        faults = contrast_faults(page)
        assert faults == [], (scheme, faults)


def assert_reachable(page: Page) -> None:
    """The tab key gets to everything that can be used, in the order of the page, and one sees where it is."""
    wanted: list[int] = page.evaluate(REACHABLE)
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    reached: list[Any] = []
    for _ in wanted:
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        assert here["isOutlined"], here["what"]
        reached.append(here["number"])
    assert reached == wanted, reached
