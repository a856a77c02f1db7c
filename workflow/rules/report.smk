# The tables of the study, and what is drawn and written from them alone.


rule aggregate:
    input:
        job(
            "aggregate",
            writes={"tables": files("results/{study}/tables/{table}.parquet")},
            contexts=files("results/{study}/{benchmark}/contexts/{part}.parquet"),
            references=files("results/{study}/{benchmark}/references/{part}.parquet"),
            predictions=files(
                "results/{study}/{benchmark}/{agent}/{predicting}/{block}/predictions.parquet"
            ),
            learning=files(
                "results/{study}/{benchmark}/{agent}/{method}/{block}/learning.parquet"
            ),
            evaluation=files(
                "results/{study}/{benchmark}/{agent}/{played}/{block}/evaluation.parquet"
            ),
            encodings=files(
                "results/{study}/{benchmark}/{agent}/{method}/{block}/encodings.parquet"
            ),
            scores=files("results/{study}/{benchmark}/scores.parquet"),
            deployment=files(
                "results/{study}/{benchmark}/{agent}/{deployed}/{block}/deployment.parquet"
            ),
            uncertainty=files(
                "results/{study}/{benchmark}/{agent}/{method}/{block}/uncertainty/{estimator}.parquet"
            ),
        ),
    output:
        tables=expand("results/{{study}}/tables/{table}.parquet", table=TABLES),
        manifest="results/{study}/manifest.json",
    log:
        "results/{study}/logs/aggregate/study.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        logs="results/{study}/logs",
    shell:
        "python -m meta_rl.study.attempt {log} aggregate --job {input.job} --logs {params.logs}"
        " --manifest {output.manifest}"


rule plot:
    input:
        job("plot", tables=tables),
    output:
        pdf="results/{study}/figures/{figure}.pdf",
        png=report(
            "results/{study}/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
    log:
        "results/{study}/logs/plot/{figure}.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        caption=lambda wildcards: caption(wildcards.figure),
    shell:
        "python -m meta_rl.study.attempt {log} plot --job {input.job} --pdf {output.pdf} --png {output.png}"


rule summarise:
    input:
        job("summarise", tables=files("results/{study}/tables/{table}.parquet")),
    output:
        page=report(
            "results/{study}/summary.html",
            caption="../report/summary.rst",
            category="Tables",
        ),
    log:
        "results/{study}/logs/summarise/study.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m meta_rl.study.attempt {log} summarise --job {input.job} --page {output.page}"


rule report:
    input:
        job("report", contents=contents),
    output:
        STUDY.files("results/{study}/report.html"),
    log:
        STUDY.files("results/{study}/logs/report/study.log"),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        study=STUDY_FILE,
        snakefile=SNAKEFILE,
        tuning=tuning_page,
    shell:
        "python -m meta_rl.study.attempt {log} report --job {input.job} --study {params.study:q}"
        " --snakefile {params.snakefile:q} --tuning {params.tuning} --report {output}"


rule check_results:
    input:
        job("check_results", figures=files("results/{study}/figures/{figure}.pdf")),
        evaluation="results/{study}/tables/evaluation.parquet",
        runs="results/{study}/tables/runs.parquet",
        report="results/{study}/report.html",
    output:
        check="results/{study}/check.txt",
    log:
        "results/{study}/logs/check_results/study.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m meta_rl.study.attempt {log} check_results --job {input.job} --evaluation {input.evaluation}"
        " --runs {input.runs} --report {input.report} --check {output.check}"
