"""Write the tables of ``docs/platform.md`` again."""

from tests.platform_documents.page import PAGE, page_text

if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
