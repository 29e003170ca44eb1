"""Stack files that are refused, so that every remedy of the code is followed, by subject."""

from __future__ import annotations

from tests.remedy_cases import ambassador, forms, linkerd, links, platform, trust

SUBJECTS = (forms, ambassador, linkerd, links, platform, trust)
CASES = [case for subject in SUBJECTS for case in subject.WRONG]
