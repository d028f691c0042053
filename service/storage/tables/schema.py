"""What every table is made of: one register of tables, and types of both databases."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer, MetaData, Text, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 64 bit everywhere; SQLite numbers rows only where the type is spelled INTEGER.
Number = BigInteger().with_variant(Integer(), "sqlite")

# Ids sort byte by byte; PostgreSQL would sort by the rules of a language.
OrderedText = Text().with_variant(Text(collation="C"), "postgresql")

Flag = Boolean(create_constraint=False)


def partial_index(
    name: str, *columns: str, where: str, in_sqlite: str | None = None, **options: Any
) -> Index:
    """Index some rows of a table.

    Parameters
    ----------
    where
        Which, in the words of PostgreSQL.
    in_sqlite
        The same in those of SQLite, where they differ.
    """
    return Index(
        name,
        *columns,
        sqlite_where=text(in_sqlite or where),
        postgresql_where=text(where),
        **options,
    )
