"""The schema of a database that several services find without one."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from services.registry.database import migrate, open_url


def test_services_that_start_at_once_do_not_get_in_each_others_way(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE at_once")
    databases = [open_url(postgres_url.replace("/postgres", "/at_once")) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate, databases))

    with databases[0].engine.connect() as connection:
        tables = connection.exec_driver_sql(
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 'documents'"
        )
        assert tables.scalar() == 1
    for one in databases:
        one.close()
