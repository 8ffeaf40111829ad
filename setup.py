from setuptools import find_packages, setup

setup(
    name="footy",
    version="0.1.0",
    description="A live football data pipeline over the TheSports API: one true record per live match.",
    long_description=open("README.md", encoding="utf-8").read(),  # noqa: PTH123, SIM115
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["footy", "footy.*"]),
    package_data={"footy": ["py.typed"]},
    install_requires=[
        "APScheduler>=3.11,<4",
        "cachetools>=6",
        "filelock>=4.2,<5",
        "httptools>=0.6",
        "msgspec>=0.19",
        "psutil>=6",
        "pydantic>=2.10,<3",
        "python-dotenv>=1",
        "pytz>=2025.1",
        "requests>=2.32,<3",
        "requests-cache>=1.3.3,<2",
        "rich>=13.9",
        "urllib3>=2.7,<3",
    ],
    extras_require={
        "test": [
            "hypothesis>=6.130",
            "import-linter>=2.1",
            "mypy>=1.15",
            "pytest>=8.3",
            "pytest-xdist>=3.6",
            "ruff>=0.9",
            "time-machine>=2.16",
            "types-cachetools",
            "types-psutil",
            "types-pytz",
            "types-requests",
        ],
    },
    entry_points={"console_scripts": ["footy = footy.cli:main"]},
)
