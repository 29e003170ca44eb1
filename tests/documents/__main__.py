"""Write the documents' table into ``docs/ambassador.md`` again."""

from tests.documents.table import PAGE, page_text

if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
