// What can be used or gone to, and has no name.
() => [...document.querySelectorAll("a, button, input, select, [role=slider], [role=option], [role=group], [role=grid], [role=listbox], section, aside")]
    .filter((element) => element.checkVisibility() && !element.getAttribute("aria-label")?.trim() && !element.textContent.trim() && !element.labels?.length
        && !(element.getAttribute("aria-labelledby") && document.getElementById(element.getAttribute("aria-labelledby"))?.textContent))
    .map((element) => element.outerHTML.slice(0, 120))
