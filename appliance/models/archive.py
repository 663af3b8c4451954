"""A version as one file, to be carried to another machine: a ZIP archive, not compressed, with checksums.

Its first member, ``sha256sums``, has a line for each other one, as ``sha256sum --check`` wants them. An archive comes from
somewhere else: everything about it is looked at before anything is unpacked, and what is not just as it is made here is refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import Refusal
from appliance.models.manifest import LARGEST_MANIFEST_BYTES, Manifest, parse_manifest
from appliance.models.store import MANIFEST, ModelFile, digest_of
from appliance.models.versions import copied
from appliance.results import replaced

SUMS = "sha256sums"
MOST_FILES = 8
# Of its table of contents, and of the checksums.
LARGEST_TABLE_BYTES = 16_384
# More has no room in the table of contents; no detector is nearly as large.
LARGEST_BYTES = (1 << 32) - 1
CHUNK_BYTES = 1 << 20
# The end of an archive: signature, disks, entries here and in all, size and place of the table of contents, length of a comment.
END = struct.Struct("<4s4H2LH")
END_MAGIC, LARGE_END_MAGIC, LARGE_END_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
# The beginning of a member, whose name follows.
MEMBER = struct.Struct("<4s22xHH")
MEMBER_MAGIC = b"PK\x03\x04"
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def write_archive(model: ModelFile, manifest: Manifest, target: Path) -> None:
    """Write a version that is as it was into one file, which is there as a whole or not at all."""
    names = files_of(manifest)
    folder = model.path.parent
    if sum((folder / name).stat().st_size for name in names) > LARGEST_BYTES - LARGEST_TABLE_BYTES:
        raise Refusal(f"an archive holds at most 4 GB, and {manifest.label} is larger")
    sums = "".join(f"{digest_of(folder / name)}  {name}\n" for name in names)
    with replaced(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        archive.writestr(_member(SUMS), sums)
        for name in names:
            with archive.open(_member(name), "w") as inside, (folder / name).open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    inside.write(chunk)


def files_of(manifest: Manifest) -> tuple[str, ...]:
    """The files of a version, its manifest among them."""
    picture = () if manifest.reference is None else (manifest.reference.picture,)
    return (MANIFEST, manifest.file, *picture)


def is_archive(path: Path) -> bool:
    """Whether a file begins as an archive of ours."""
    with path.open("rb") as file:
        head = file.read(MEMBER.size + len(SUMS))
    if len(head) < MEMBER.size:
        return False
    magic, name_length, _ = MEMBER.unpack_from(head)
    return magic == MEMBER_MAGIC and name_length == len(SUMS) and head[MEMBER.size :] == SUMS.encode()


def unpack(path: Path, draft: Path) -> Manifest:
    """Write the files of an archive, but for the manifest, into a draft, and give the manifest. Raises ``Refusal``."""
    try:
        _check_end(path)
        with zipfile.ZipFile(path) as archive:
            members = _checked(archive, path)
            sums = _sums(_read(archive, members[SUMS], LARGEST_TABLE_BYTES, path), path)
            content = _read(archive, members[MANIFEST], LARGEST_MANIFEST_BYTES, path)
            found = hashlib.sha256(content).hexdigest()
            _refuse_unless(found == sums.get(MANIFEST), path, "the manifest of its checksums", "another one")
            manifest = parse_manifest(content, f"of {path}")
            _refuse_others(manifest, members, sums, path)
            for name in files_of(manifest)[1:]:
                found = copied(_pieces(archive, members[name]), draft / name)
                _refuse_unless(found == sums[name], path, f"{name} with the sha256 {sums[name][:12]}…", f"{found[:12]}…")
    except (zipfile.BadZipFile, struct.error, NotImplementedError, EOFError) as error:
        raise Refusal(f"the archive {path} is damaged, or only the beginning of one ({error})", usage=True) from None
    _refuse_unless(manifest.sha256 in ("", sums[manifest.file]), path, "the model of its manifest", "another one")
    return manifest.model_copy(update={"sha256": sums[manifest.file]})


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, LONG_AGO)
    member.external_attr = (stat.S_IFREG | 0o444) << 16
    return member


def _check_end(path: Path) -> None:
    """Refuse a table of contents that would be large to read."""
    size = os.path.getsize(path)
    with path.open("rb") as file:
        file.seek(max(0, size - END.size - LARGE_END_BYTES))
        end = file.read()
    magic, _, _, _, entries, table_bytes, _, comment_bytes = END.unpack(end[-END.size :])
    is_plain = magic == END_MAGIC and comment_bytes == 0 and not end.startswith(LARGE_END_MAGIC)
    _refuse_unless(is_plain, path, "an end as 'appliance models export' writes it", "another one, or none")
    _refuse_unless(entries <= MOST_FILES, path, f"at most {MOST_FILES} files", str(entries))
    _refuse_unless(table_bytes <= LARGEST_TABLE_BYTES, path, "a short table of contents", f"{table_bytes} bytes")


def _checked(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The members by name, each a plain file of this folder, all together no larger than the archive."""
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename
        is_plain = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG) and not member.is_dir()
        _refuse_unless(
            "/" not in name and "\\" not in name and name not in (".", ".."), path, "files without folders", repr(name)
        )
        _refuse_unless(is_plain, path, "plain files", f"{name!r}, which is a link or something else")
        _refuse_unless(name not in members, path, "every file once", f"{name!r} twice")
        is_stored = member.compress_type == zipfile.ZIP_STORED and member.compress_size == member.file_size
        _refuse_unless(is_stored and not member.flag_bits & 1, path, "files that are not compressed", repr(name))
        members[name] = member
    total_bytes = sum(member.file_size for member in members.values())
    _refuse_unless(total_bytes <= os.path.getsize(path), path, "no more in it than it is long", f"{total_bytes} bytes")
    for name in (SUMS, MANIFEST):
        _refuse_unless(name in members, path, f"a file {name}", "none")
    return members


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int, path: Path) -> bytes:
    _refuse_unless(
        member.file_size <= most_bytes, path, f"a {member.filename} of at most {most_bytes} bytes", str(member.file_size)
    )
    return archive.read(member)


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as inside:
        while chunk := inside.read(CHUNK_BYTES):
            yield chunk


def _sums(content: bytes, path: Path) -> dict[str, str]:
    sums = {}
    for line in content.decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        sums[name] = digest
    return sums


def _refuse_others(manifest: Manifest, members: dict[str, zipfile.ZipInfo], sums: dict[str, str], path: Path) -> None:
    """The manifest says what belongs to a version, and all of that has a checksum."""
    wanted = set(files_of(manifest))
    _refuse_unless(set(members) - {SUMS} == wanted, path, f"the files {', '.join(sorted(wanted))}", ", ".join(sorted(members)))
    _refuse_unless(set(sums) == wanted, path, "a checksum for each of its files", ", ".join(sorted(sums)) or "none")


def _refuse_unless(is_right: bool, path: Path, wanted: str, found: str) -> None:
    if not is_right:
        raise Refusal(f"the archive {path} must have {wanted}, found {found}", usage=True)
