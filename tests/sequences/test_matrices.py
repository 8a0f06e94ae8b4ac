"""Matrices from files: plain, MEME, HOMER and JASPAR, and several motifs in one file."""

import numpy as np
import pytest

from dfim.errors import InputError
from dfim.sequences.matrices import read_matrices

ETS = [[0.1, 0.2, 0.3, 0.4], [0, 0, 1, 0], [0, 0.5, 0.5, 0]]
GATA = [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]


def rows(matrix, scale=1):
    return "".join(" ".join(f"{scale * value:g}" for value in row) + "\n" for row in matrix)


def by_base(matrix, form="{base} [ {counts} ]"):
    return "".join(
        form.format(base=base, counts=" ".join(f"{100 * value:g}" for value in column)) + "\n"
        for base, column in zip("ACGT", np.transpose(matrix), strict=True)
    )


MEME = "MEME version 4\n\nALPHABET= ACGT\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n\n"
FILES = {
    "MEME": MEME
    + "MOTIF ETS ELF1\nlog-odds matrix: alength= 4 w= 3\n1 -2 3 4\n"
    + f"letter-probability matrix: alength= 4 w= 3 nsites= 20\n{rows(ETS)}\nURL x\n"
    + f"MOTIF GATA\nletter-probability matrix: alength= 4\n{rows(GATA)}",
    "HOMER": f">NNVY\tETS\t6.5\t-10\n{rows(ETS)}>GATA\tGATA\t6\n{rows(GATA)}",
    "JASPAR": f">ETS ELF1\n{by_base(ETS)}>GATA\n{by_base(GATA)}",
    "JASPAR, no letters": f">ETS\n{by_base(ETS, '{counts}')}\n>GATA GATA1\n{by_base(GATA, '{counts}')}",
    "counts": f"\ufeff>ETS\n{rows(ETS, 10)}>GATA\n{rows(GATA, 7)}",
}


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_motifs_of_a_file_are_each_by_name(form, ends, tmp_path):
    path = tmp_path / "m.txt"
    path.write_bytes(FILES[form].replace("\n", ends).encode())
    found = read_matrices(path)
    assert list(found) == ["ETS", "GATA"]
    np.testing.assert_allclose(found["ETS"], ETS)
    np.testing.assert_allclose(found["GATA"], GATA)


def test_one_motif_has_no_name_of_its_own(tmp_path):
    (tmp_path / "m.txt").write_text(f"{MEME}MOTIF GATA\nletter-probability matrix:\n{rows(GATA)}")
    assert list(read_matrices(tmp_path / "m.txt")) == [""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f">a\n{rows(ETS)}>a\n{rows(GATA)}",
            "line 5: the file has 2 motifs, and this one has the name 'a' of",
        ),
        (f">a\n{rows(ETS)}>\n{rows(GATA)}", "line 5: the file has 2 motifs, and this one has no name"),
        (f"{rows(ETS)}>b\n{rows(GATA)}", "line 1: the file has 2 motifs, and this one has no name"),
        (f">a\n>b\n{rows(GATA)}", "line 1: the motif 'a' has no line of four numbers: remove it"),
        (f"letter-probability matrix:\n{rows(ETS)}letter-probability matrix:\n{rows(ETS)}", "2 motifs"),
        (">a\nA [ 1 2 ]\nC [ 1 2 ]\nG [ 1 2 ]\n", "line 1: the motif 'a' has rows for A, C, G, and one for"),
        (">a\nA [ 0 2 ]\nC [ 0 2 ]\nG [ 0 2 ]\nT [ 0 1 ]\n", "position 1 of the motif 'a' sums to 0"),
    ],
)
def test_motifs_that_cannot_be_told_apart_are_refused(text, words, tmp_path):
    (tmp_path / "m.txt").write_text(text)
    with pytest.raises(InputError) as error:
        read_matrices(tmp_path / "m.txt")
    assert words in str(error.value)


def test_matrices_are_read_as_counts_or_probabilities(tmp_path):
    path = tmp_path / "m.txt"
    path.write_text(">TAL1 a header\n10 0 0 10\n0.25 0.25\t0.25 0.25\n\n 1 0 0 0\n")
    (found,) = read_matrices(path).values()
    np.testing.assert_array_equal(found, [[0.5, 0, 0, 0.5], [0.25] * 4, [1, 0, 0, 0]])
    for text, words in [
        ("1 2 3\n", "line 1: found '1 2 3', and four numbers"),
        (">a\n1 2 -3 1\n", "line 2: found '1 2 -3 1'"),
        ("0 0 0 0\n", "line 1: found"),
        ("1 2 3 x\n", "line 1: found"),
        (">a\n", "has no line of four numbers"),
    ]:
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            read_matrices(path)
    with pytest.raises(InputError, match=r"none\.txt was not found: give the path of a matrix"):
        read_matrices(tmp_path / "none.txt")


@pytest.mark.parametrize(
    "line", ["0.1 inf 0.2 0.3", "0.1 nan 0.2 0.3", "0.1 1e4001 0.2 0.3", "0.1 -1 0.2 0.3", "0 0 0 0"]
)
def test_a_line_without_a_finite_sum_is_refused_by_number(line, tmp_path):
    path = tmp_path / "matrix.txt"
    path.write_text(f"0.25 0.25 0.25 0.25\n{line}\n")
    with pytest.raises(InputError, match=f"line 2: found '{line}', and four numbers from 0"):
        read_matrices(path)
