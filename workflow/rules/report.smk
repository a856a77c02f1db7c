# The tables of the study, and what is drawn and written from them alone.


rule aggregate:
    input:
        contexts=files("results/{study}/{benchmark}/contexts/{part}.parquet"),
        references=files("results/{study}/{benchmark}/references/{part}.parquet"),
        predictions=files(
            "results/{study}/{benchmark}/{agent}/{predicting}/{block}/predictions.parquet"
        ),
        learning=files(
            "results/{study}/{benchmark}/{agent}/{method}/{block}/learning.parquet"
        ),
        evaluation=files(
            "results/{study}/{benchmark}/{agent}/{method}/{block}/evaluation.parquet"
        ),
        encodings=files(
            "results/{study}/{benchmark}/{agent}/{method}/{block}/encodings.parquet"
        ),
        scores=files("results/{study}/{benchmark}/scores.parquet"),
        code=code("aggregate"),
    output:
        tables=expand("results/{{study}}/tables/{table}.parquet", table=TABLES),
        manifest="results/{study}/manifest.json",
    log:
        "results/{study}/logs/aggregate/study.log",
    benchmark:
        "results/{study}/benchmarks/aggregate/study.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("aggregate"),
        benchmarks="results/{study}/benchmarks",
    shell:
        "python -m meta_rl.steps.aggregate --contexts {input.contexts} --references {input.references}"
        " --predictions {input.predictions} --learning {input.learning} --evaluation {input.evaluation} --encodings {input.encodings}"
        " --scores {input.scores} --benchmarks {params.benchmarks} --spec {params.spec:q}"
        " --tables {output.tables} --manifest {output.manifest} 2>&1 | tee {log}"


rule plot:
    input:
        tables=tables,
        code=code("plot"),
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
    benchmark:
        "results/{study}/benchmarks/plot/{figure}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("plot"),
        caption=lambda wildcards: caption(wildcards.figure),
    shell:
        "python -m meta_rl.steps.plot --tables {input.tables} --spec {params.spec:q}"
        " --pdf {output.pdf} --png {output.png} 2>&1 | tee {log}"


rule summarise:
    input:
        tables=expand("results/{{study}}/tables/{table}.parquet", table=TABLES),
        code=code("summarise"),
    output:
        page=report(
            "results/{study}/summary.html",
            caption="../report/summary.rst",
            category="Tables",
        ),
    log:
        "results/{study}/logs/summarise/study.log",
    benchmark:
        "results/{study}/benchmarks/summarise/study.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("summarise"),
    shell:
        "python -m meta_rl.steps.summarise --tables {input.tables} --spec {params.spec:q}"
        " --page {output.page} 2>&1 | tee {log}"


rule report:
    input:
        figures=STUDY.files("results/{study}/figures/{figure}.png"),
        summary=STUDY.files("results/{study}/summary.html"),
        code=code("report"),
    output:
        STUDY.files("results/{study}/report.html"),
    log:
        STUDY.files("results/{study}/logs/report/study.log"),
    benchmark:
        f"results/{STUDY.name}/benchmarks/report/study.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        study=STUDY_FILE,
        tuning=tuning_page,
    shell:
        "python -m meta_rl.steps.report --study {params.study}"
        " --contents {input.figures} {input.summary} {params.tuning}"
        " --report {output} 2>&1 | tee {log}"


rule check_results:
    input:
        evaluation="results/{study}/tables/evaluation.parquet",
        runs="results/{study}/tables/runs.parquet",
        figures=files("results/{study}/figures/{figure}.pdf"),
        report="results/{study}/report.html",
        code=code("check_results"),
    output:
        check="results/{study}/check.txt",
    log:
        "results/{study}/logs/check_results/study.log",
    benchmark:
        "results/{study}/benchmarks/check_results/study.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("check_results"),
    shell:
        "python -m meta_rl.steps.check_results --evaluation {input.evaluation}"
        " --runs {input.runs} --figures {input.figures} --report {input.report} --spec {params.spec:q}"
        " --check {output.check} 2>&1 | tee {log}"
