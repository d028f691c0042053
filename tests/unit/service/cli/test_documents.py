import json

import pytest

from service.cli.documents import check_folder, write_document
from service.cli.exits import BadInputError


def test_a_document_is_written_whole(tmp_path):
    path = tmp_path / "found.json"
    check_folder(path)
    write_document(path, {"delay_s": 1e-9, "reason": None})
    assert json.loads(path.read_text()) == {"delay_s": 1e-9, "reason": None}


def test_no_file_needs_no_folder():
    check_folder(None)


def test_what_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(BadInputError, match=r"gone/found\.json: there is no such"):
        check_folder(tmp_path / "gone" / "found.json")
    with pytest.raises(BadInputError, match=r"Is a directory; name another path"):
        write_document(tmp_path, {})
