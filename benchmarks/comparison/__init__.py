"""How the methods compare: the page of two studies that are finished."""
