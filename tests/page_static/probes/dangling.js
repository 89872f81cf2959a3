// Ids that are referred to, and are not there once.
() => [...document.querySelectorAll("[aria-labelledby], [aria-describedby], [for]")]
    .flatMap((element) => ["aria-labelledby", "aria-describedby", "for"].map((name) => element.getAttribute(name)).filter(Boolean))
    .filter((id) => document.querySelectorAll(`[id="${id}"]`).length !== 1)
